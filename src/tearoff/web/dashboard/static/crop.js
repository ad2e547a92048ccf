// The picture: chosen, dropped or pasted; and which part of it is shown, by pointer or keyboard.
// Without script the middle is taken.

const form = document.getElementById("picture-form");
if (form) setUp();

function setUp() {
  const input = form.elements.picture;
  const value = form.querySelector("[data-crop-value]");
  const place = form.querySelector("[data-crop]");
  const zone = form.querySelector("[data-drop-zone]");
  const wrong = form.querySelector("[data-picture-wrong]");
  const help = form.querySelector("[data-crop-help]");
  const RATIO = 40 / 21;
  let box = null;

  input.addEventListener("change", () => show(input.files[0]));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if ([...(event.clipboardData?.files ?? [])].some((file) => file.type.startsWith("image/"))) {
      event.preventDefault();
      take(event.clipboardData.files);
    }
  });

  function take(files) {
    if (!files.length) return;
    const carried = new DataTransfer();
    carried.items.add(files[0]);
    input.files = carried.files;
    show(files[0]);
    form.scrollIntoView({ block: "nearest" });
  }

  function tell(text) {
    wrong.textContent = text;
    wrong.hidden = !text;
  }

  async function show(file) {
    box = null;
    value.value = "";
    place.hidden = true;
    help.hidden = true;
    tell("");
    if (!file) return;
    if (file.size > 10_000_000) {
      tell(wrong.dataset.tooBig.replace("{size}", (file.size / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })));
      return;
    }
    const image = new Image();
    image.src = URL.createObjectURL(file);
    try {
      await image.decode();
    } catch {
      tell(wrong.dataset.notOne);
      return;
    }
    image.alt = "";
    begin(image);
  }

  function begin(image) {
    const { naturalWidth: w, naturalHeight: h } = image;
    const most = Math.min(w, h * RATIO);
    box = { x: (w - most) / 2, y: (h - most / RATIO) / 2, width: most, most, w, h, least: Math.max(most / 8, w / 20, (h * RATIO) / 20) };
    const handle = document.createElement("div");
    handle.className = "crop-box";
    handle.tabIndex = 0;
    handle.setAttribute("role", "group");
    handle.setAttribute("aria-label", value.dataset.label);
    place.replaceChildren(image, handle);
    place.hidden = false;
    help.hidden = false;
    zone.querySelectorAll(":scope > img, :scope > .none").forEach((one) => (one.hidden = true));
    const draw = () => {
      box.width = Math.min(Math.max(box.width, box.least), box.most);
      box.x = Math.min(Math.max(0, box.x), w - box.width);
      box.y = Math.min(Math.max(0, box.y), h - box.width / RATIO);
      handle.style.insetBlockStart = `${(box.y / h) * 100}%`;
      handle.style.left = `${(box.x / w) * 100}%`;
      handle.style.width = `${(box.width / w) * 100}%`;
      handle.style.height = `${(box.width / RATIO / h) * 100}%`;
      value.value = [box.x / w, box.y / h, box.width / w, box.width / RATIO / h].map((n) => n.toFixed(5)).join(",");
    };
    let from = null;
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      from = { x: event.clientX, y: event.clientY, bx: box.x, by: box.y };
    });
    handle.addEventListener("pointermove", (event) => {
      if (!from) return;
      const scale = w / place.clientWidth;
      box.x = from.bx + (event.clientX - from.x) * scale;
      box.y = from.by + (event.clientY - from.y) * scale;
      draw();
    });
    handle.addEventListener("pointerup", () => (from = null));
    const zoom = (factor) => {
      const width = Math.min(Math.max(box.width * factor, box.least), box.most);
      box.x += (box.width - width) / 2;
      box.y += (box.width - width) / RATIO / 2;
      box.width = width;
    };
    place.onwheel = (event) => {
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.05 : 1 / 1.05);
      draw();
    };
    handle.addEventListener("keydown", (event) => {
      const step = (event.shiftKey ? 0.1 : 0.02) * box.most;
      const acts = {
        ArrowLeft: () => (box.x -= step), ArrowRight: () => (box.x += step),
        ArrowUp: () => (box.y -= step), ArrowDown: () => (box.y += step),
        "+": () => zoom(1.1), "-": () => zoom(1 / 1.1),
      };
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault();
      act();
      draw();
    });
    draw();
  }
}

// The only script of the coupon's page. It travels inside the page, so its names are short.
addEventListener("DOMContentLoaded", () => {
  let d = document, q = s => d.querySelector(s),
    o = q("[data-open]"), c = q("[data-clock]"), l = q("[data-left]"), p = q("[data-now]"),
    w = q("[data-say]"), y = q("p.say"), b = q("[data-begin]"),
    t = Date.now(), n = 0, S, H,
    G = u => location.replace(u), A = () => G(p?.dataset.here || location),
    V = () => !d.hidden && !d.prerendering,
    // What is seen for 0.8 s reports itself, or begins; without connection it stays as it is.
    O = () => {
      clearTimeout(H);
      if (!S && V()) H = setTimeout(() => {
        S = 1;
        b ? top == self && fetch(b.dataset.begin).then(() => b.submit(), () => S = 0)
          : o && navigator.sendBeacon(o.dataset.open, new URLSearchParams({t: o.dataset.t}))
      }, 800)
    },
    // How does it stand? Every 5 s while seen, for 10 min; a code that turns, every 25 s for ever.
    N = async () => {
      let e = p.dataset;
      if (V() && (n++ < 120 || e.turns && n % 5 == 0)) try {
        let r = await fetch(e.now), [m, x] = (await r.text()).split("\n");
        if (r.ok) {
          if (m != e.mark) A();
          if (x) q(".qr path").setAttribute("d", x)
        }
      } catch {}
    },
    B = () => { n = 0; O(); p && N() },
    T = () => {
      let a = (Date.now() - t) / 1e3 | 0, s, m, e, v, x;
      if (c) {
        e = c.dataset;
        c.textContent = new Date((+e.clock + a) * 1e3).toISOString().slice(11, 19);
        a < e.gone || G(e.then)
      }
      if (l) {
        e = l.dataset; s = e.left - a; m = s / 60 | 0; v = e["s" + s];
        x = s < 60 ? s + " " + e.s : (m > 59 ? (m / 60 | 0) + " " + e.h + " " : "") + m % 60 + " " + e.m;
        if (s <= 0) A();
        else if (l.textContent != x) l.textContent = x;
        if (v && y) y.textContent = v
      }
    };
  d.onvisibilitychange = d.onprerenderingchange = ononline = B;
  O();
  if (p) setInterval(N, 5e3);
  if (w) setTimeout(() => y.textContent = w.textContent, 500);
  T(); setInterval(T, 1e3);
  // The shop's clock is not this phone's: say whose it is.
  for (let e of d.querySelectorAll("time")) {
    let z = e.dateTime;
    if (new Date(z.slice(0, 19)) - new Date(z)) e.append(` (${e.title})`)
  }
  // Once; again after 5 s, for an answer that does not come, or that was stopped.
  onsubmit = e => e.timeStamp - e.target.gone < 5e3 ? !1 : e.target.gone = e.timeStamp;
  // A form that was not sent keeps what was typed; all else stands as it stands now.
  onpageshow = e => e.persisted && (q(".ask form:last-child") || {gone: 1}).gone && G(location)
});

// A button beside each password that shows what was typed; without script there is none.
addEventListener("DOMContentLoaded", () => {
  for (let button of document.querySelectorAll("button[data-show]")) {
    let input = document.getElementById(button.dataset.show);
    button.hidden = false;
    button.onclick = () => {
      let shown = input.type == "text";
      input.type = shown ? "password" : "text";
      button.textContent = shown ? button.dataset.a : button.dataset.b;
      input.focus();
    };
  }
});

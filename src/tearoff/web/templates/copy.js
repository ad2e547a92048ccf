addEventListener("DOMContentLoaded",()=>{
let b=document.querySelector("[data-copy]");if(b&&navigator.clipboard){b.hidden=!1;b.onclick=()=>navigator.clipboard.writeText(b.dataset.copy).then(()=>b.textContent=b.dataset.done)}});

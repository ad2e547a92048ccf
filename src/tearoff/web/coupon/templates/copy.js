addEventListener("DOMContentLoaded",()=>{
let b=document.querySelector("[data-copy]"),text=b?.textContent,later;
if(b&&navigator.clipboard){b.hidden=!1;b.onclick=()=>navigator.clipboard.writeText(b.dataset.copy).then(()=>{
clearTimeout(later);b.textContent=b.dataset.done;later=setTimeout(()=>b.textContent=text,3e3)})}});

addEventListener("DOMContentLoaded",()=>{
const box=document.getElementById("filter"),none=document.getElementById("none");
box.hidden=false;
const input=box.querySelector("input"),items=[...document.querySelectorAll("[data-find]")];
input.addEventListener("input",()=>{
const words=input.value.toLowerCase().split(/\s+/).filter(Boolean);let n=0;
for(const item of items){const hit=words.every(w=>item.dataset.find.includes(w));item.hidden=!hit;if(hit&&item.tagName=="SECTION")n++;}
for(const part of document.querySelectorAll("[data-part]")){part.hidden=words.length>0&&!part.querySelector("[data-find]:not([hidden])");}
none.textContent=words.length?n+" found":"";
});
});

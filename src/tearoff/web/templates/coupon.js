addEventListener("DOMContentLoaded",()=>{
let d=document,q=s=>d.querySelector(s),o=q("[data-open]"),c=q("[data-clock]"),l=q("[data-left]"),f=q("form[method=post]"),t0=Date.now(),two=n=>String(n).padStart(2,0),sent,wait;
function open(){clearTimeout(wait);
if(!sent&&d.visibilityState=="visible"&&!d.prerendering)wait=setTimeout(()=>{sent=navigator.sendBeacon(o.dataset.open,new URLSearchParams({t:o.dataset.t}))},800)}
if(o){open();d.addEventListener("visibilitychange",open);d.addEventListener("prerenderingchange",open)}
function tick(){let past=Math.floor((Date.now()-t0)/1e3);
if(c){let s=(+c.dataset.clock+past)%86400;c.textContent=two(s/3600|0)+":"+two((s/60|0)%60)+":"+two(s%60);if(past>=c.dataset.gone)location.replace(c.dataset.then)}
if(l){let s=l.dataset.left-past,m=s/60|0,e=l.dataset,x=s<60?s+" s":(m>59?(m/60|0)+" "+e.h+" ":"")+m%60+" "+e.m;if(s<=0)location.reload();else if(l.textContent!=x)l.textContent=x}}
if(c||l){tick();setInterval(tick,1e3)}
if(f)f.onsubmit=()=>f.gone?!1:f.gone=!0;
addEventListener("pageshow",e=>e.persisted&&location.reload())});

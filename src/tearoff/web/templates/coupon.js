addEventListener("DOMContentLoaded",()=>{
let d=document,q=s=>d.querySelector(s),o=q("[data-open]"),c=q("[data-clock]"),l=q("[data-left]"),f=q("form[method=post]"),p=q("[data-now]"),b=q("[data-begin]"),t0=Date.now(),two=n=>String(n).padStart(2,0),n=0,sent,wait,seen=()=>d.visibilityState=="visible"&&!d.prerendering,again=()=>location.replace(p?p.dataset.here:location);
function open(){clearTimeout(wait);
if(!sent&&seen())wait=setTimeout(()=>{b?b.submit():navigator.sendBeacon(o.dataset.open,new URLSearchParams({t:o.dataset.t}));sent=1},800)}
async function now(){let e=p.dataset;if(seen()&&(n++<120||e.turns&&n%5==0))try{let r=await fetch(e.now),[m,x]=(await r.text()).split("\n");if(r.ok){if(m!=e.mark)again();if(x)q(".qr path").setAttribute("d",x)}}catch{}}
function both(){if(o||b)open();if(p)now()}
d.addEventListener("visibilitychange",both);d.addEventListener("prerenderingchange",both);if(o||b)open();if(p)setInterval(now,5e3);
function tick(){let past=Math.floor((Date.now()-t0)/1e3);
if(c){let s=(+c.dataset.clock+past)%86400;c.textContent=two(s/3600|0)+":"+two((s/60|0)%60)+":"+two(s%60);if(past>=c.dataset.gone)location.replace(c.dataset.then)}
if(l){let s=l.dataset.left-past,m=s/60|0,e=l.dataset,v=e["s"+s],x=s<60?s+" s":(m>59?(m/60|0)+" "+e.h+" ":"")+m%60+" "+e.m;if(s<=0)again();else if(l.textContent!=x)l.textContent=x;if(v&&q(".say"))q(".say").textContent=v}}
if(c||l){tick();setInterval(tick,1e3)}
if(f)f.onsubmit=()=>f.gone?!1:f.gone=!0;
addEventListener("pageshow",e=>e.persisted&&again())});

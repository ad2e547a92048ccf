addEventListener("DOMContentLoaded",()=>{
let box=document.querySelector("[data-scratch]");if(!box||matchMedia("(prefers-reduced-motion:reduce)").matches)return;
let w=box.clientWidth,h=box.clientHeight,v=document.createElement("canvas"),x=v.getContext("2d"),seen=new Set,down=0;
v.width=w;v.height=h;let g=x.createLinearGradient(0,0,w,h);g.addColorStop(0,"#b9bfc4");g.addColorStop(.5,"#e4e8eb");g.addColorStop(1,"#aab1b7");x.fillStyle=g;x.fillRect(0,0,w,h);
x.fillStyle="#2b3338";x.font="600 18px system-ui";x.textAlign="center";x.fillText(box.dataset.scratch,w/2,h/2+6);x.globalCompositeOperation="destination-out";box.append(v);
v.onpointerdown=e=>{down=1;v.setPointerCapture(e.pointerId);rub(e)};v.onpointerup=()=>{down=0};v.onpointermove=e=>down&&rub(e);
function rub(e){let r=v.getBoundingClientRect(),a=e.clientX-r.left,b=e.clientY-r.top;x.beginPath();x.arc(a,b,22,0,7);x.fill();seen.add((a/30|0)+":"+(b/30|0));if(seen.size>w*h/900*.4)v.onpointermove=null,box.closest("form").requestSubmit()}});

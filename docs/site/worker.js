/* A page that was opened from the disk may start no Worker, which the search needs. Let a hidden frame do its work. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const inside = frame.contentWindow;
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.waiting = [];
      this.send = (data) => inside.dispatchEvent(new inside.MessageEvent("message", { data }));
      const script = inside.document.createElement("script");
      script.src = new URL(url, location.href).href;
      script.onload = () => { this.ready = true; this.waiting.forEach(this.send); };
      inside.document.body.append(script);
    }
    postMessage(data) { this.ready ? this.send(data) : this.waiting.push(data); }
  };
}

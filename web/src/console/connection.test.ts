import { describe, expect, it } from "vitest";

import { SerialLine, socketUrl, type LineState } from "./connection";

/** A WebSocket whose other end is the test. */
class FakeSocket {
  binaryType = "blob";
  readyState = 0;
  sent: Uint8Array[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer | string }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }
  send(bytes: Uint8Array) {
    this.sent.push(bytes);
  }
  close() {
    this.closed = true;
  }
  accept() {
    this.readyState = 1;
    this.onopen?.();
  }
}

function setUp() {
  const states: LineState[] = [];
  const heard: string[] = [];
  const sockets: FakeSocket[] = [];
  let drawn = 0;
  const line = new SerialLine(
    () => Promise.resolve(`wss://host/console?ticket=${++drawn}`),
    {
      onState: (state) => states.push(state),
      onBytes: (bytes) => heard.push(new TextDecoder().decode(bytes)),
    },
    (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  );
  const socket = (n: number) => {
    const found = sockets[n];
    if (!found) throw new Error(`no socket ${n}`);
    return found;
  };
  return { line, states, heard, sockets, socket };
}

describe("the line to a guest", () => {
  it("draws a ticket for each connection", async () => {
    const { line, sockets } = setUp();
    await line.connect();
    await line.connect();
    expect(sockets.map(({ url }) => url.at(-1))).toEqual(["1", "2"]);
    expect(sockets[0]?.closed).toBe(true);
  });

  it("tells its states and passes bytes on", async () => {
    const { line, states, heard, socket } = setUp();
    await line.connect();
    socket(0).accept();
    socket(0).onmessage?.({ data: new TextEncoder().encode("hello").buffer });
    socket(0).onclose?.();
    expect(states.map(({ name }) => name)).toEqual(["connecting", "open", "closed"]);
    expect(heard).toEqual(["hello"]);
  });

  it("ignores late news of an older connection", async () => {
    const { line, states, heard, socket } = setUp();
    await line.connect();
    await line.connect();
    socket(1).accept();
    socket(0).onmessage?.({ data: "old" });
    socket(0).onclose?.();
    expect(states.at(-1)?.name).toBe("open");
    expect(heard).toEqual([]);
  });

  it("sends only while it is open", async () => {
    const { line, socket } = setUp();
    line.send(new Uint8Array([1]));
    await line.connect();
    line.send(new Uint8Array([2]));
    socket(0).accept();
    line.send(new Uint8Array([3]));
    expect(socket(0).sent).toEqual([new Uint8Array([3])]);
  });

  it("says why no ticket was given", async () => {
    const states: LineState[] = [];
    const line = new SerialLine(() => Promise.reject(new Error("not running")), {
      onState: (state) => states.push(state),
      onBytes: () => undefined,
    });
    await line.connect();
    expect(states.at(-1)).toMatchObject({ name: "closed", error: { message: "not running" } });
  });
});

describe("socketUrl", () => {
  it("stays on the page's host and keeps to TLS", () => {
    expect(socketUrl({ protocol: "https:", host: "[::1]:8443" }, "/api/x?ticket=1")).toBe("wss://[::1]:8443/api/x?ticket=1");
  });
});

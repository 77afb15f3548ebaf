import "@xterm/xterm/css/xterm.css";

import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";

const NIGHT = {
  background: "#0a1316",
  foreground: "#d5e3e2",
  cursor: "#f0ad2b",
  cursorAccent: "#0a1316",
  selectionBackground: "#1f5b5a",
  black: "#12201f",
  red: "#e2705f",
  green: "#63c08c",
  yellow: "#e8b54a",
  blue: "#5fa5d9",
  magenta: "#c08bd0",
  cyan: "#4fbdb4",
  white: "#cfdcdb",
  brightBlack: "#5f7778",
  brightRed: "#f59080",
  brightGreen: "#8be0ae",
  brightYellow: "#ffd479",
  brightBlue: "#8cc6f0",
  brightMagenta: "#dbb0e6",
  brightCyan: "#84e0d8",
  brightWhite: "#ffffff",
};

/** A terminal that fills its parent and follows the parent's size. */
export interface FittedTerminal {
  terminal: Terminal;
  dispose: () => void;
}

/** Opens a terminal in `parent`. What is typed, pasted or reported goes to `onInput`. */
export function openTerminal(parent: HTMLElement, onInput: (bytes: Uint8Array<ArrayBuffer>) => void): FittedTerminal {
  const terminal = new Terminal({
    convertEol: false,
    cursorBlink: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
    fontSize: parent.clientWidth < 600 ? 11 : 13.5,
    lineHeight: 1.25,
    scrollback: 20_000,
    theme: NIGHT,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(parent);
  const encoder = new TextEncoder();
  terminal.onData((text) => onInput(encoder.encode(text)));
  terminal.onBinary((text) => onInput(Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)));
  const observer = new ResizeObserver(() => {
    if (parent.clientWidth > 0) fit.fit();
  });
  observer.observe(parent);
  // The cell size is measured with the real font, once it is there.
  void document.fonts.ready.then(() => fit.fit());
  return {
    terminal,
    dispose: () => {
      observer.disconnect();
      terminal.dispose();
    },
  };
}

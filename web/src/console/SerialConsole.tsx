import { Button } from "@mantine/core";
import { useFullscreenElement } from "@mantine/hooks";
import { Maximize2, Minimize2, RotateCw } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { openConsole } from "../api/instances";
import { sentence } from "../api/problem";
import { SerialLine, socketUrl, type LineState } from "./connection";
import classes from "./SerialConsole.module.css";
import { openTerminal } from "./terminal";

/** How long after a break the line is drawn again. */
const AGAIN_MS = 3000;

/** The serial port of a guest. It connects when the guest gets power, and again when the line breaks. */
export function SerialConsole(props: { instance: string; name: string; powered: boolean }) {
  const { instance, name, powered } = props;
  const screen = useRef<HTMLDivElement>(null);
  const line = useRef<SerialLine | null>(null);
  const [state, setState] = useState<LineState>({ name: "closed", error: null });
  const { ref: panel, toggle, fullscreen } = useFullscreenElement();

  useEffect(() => {
    if (!screen.current) return;
    const fitted = openTerminal(screen.current, (bytes) => connection.send(bytes));
    const connection = new SerialLine(
      async () => socketUrl(window.location, (await openConsole(instance)).url),
      {
        // What the guest printed before comes again with each connection.
        onState: (next) => {
          if (next.name === "open") fitted.terminal.reset();
          setState(next);
        },
        onBytes: (bytes) => fitted.terminal.write(bytes),
      },
    );
    line.current = connection;
    return () => {
      connection.drop();
      fitted.dispose();
      line.current = null;
    };
  }, [instance]);

  useEffect(() => {
    if (powered) void line.current?.connect();
  }, [instance, powered]);

  useEffect(() => {
    if (!powered || state.name !== "closed") return;
    const timer = setTimeout(() => void line.current?.connect(), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [powered, state]);

  return (
    <section ref={panel} className={classes.panel} aria-label={`Serial console of ${name}`} data-full={fullscreen}>
      <div className={classes.bar}>
        <span className={classes.title}>Serial console</span>
        <span className={classes.state} data-state={state.name} role="status">
          {describe(state, powered)}
        </span>
        <Button
          variant="subtle"
          className={classes.tool ?? ""}
          size="compact-sm"
          aria-label="Reconnect"
          disabled={state.name === "connecting" || !powered}
          onClick={() => void line.current?.connect()}
        >
          <RotateCw size={15} />
          <span className={classes.label}>Reconnect</span>
        </Button>
        <Button
          variant="subtle"
          className={classes.tool ?? ""}
          size="compact-sm"
          aria-label={fullscreen ? "Leave full screen" : "Full screen"}
          onClick={() => void toggle()}
        >
          {fullscreen ? <Minimize2 size={15} /> : <Maximize2 size={15} />}
          <span className={classes.label}>{fullscreen ? "Leave full screen" : "Full screen"}</span>
        </Button>
      </div>
      <div ref={screen} className={classes.screen} data-testid="serial" />
    </section>
  );
}

function describe(state: LineState, powered: boolean): string {
  if (state.name === "open") return "connected";
  if (!powered) return "opens when the instance runs";
  if (state.name === "connecting") return "connecting…";
  return state.error && state.error.code !== "unreachable"
    ? `${sentence(state.error.message)} ${sentence(state.error.remedy)}`
    : "disconnected, trying again";
}

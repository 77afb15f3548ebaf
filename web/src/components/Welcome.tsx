import type { ReactNode } from "react";

import { useTitle } from "../lib/use-title";
import { Clouds } from "./Clouds";
import { Logo } from "./Logo";
import classes from "./Welcome.module.css";

/** The pages before a session: clouds on one side, a form on the other. */
export function Welcome(props: { title: string; lead: ReactNode; children: ReactNode }) {
  useTitle(props.title);
  return (
    <div className={classes.welcome}>
      <div className={classes.art}>
        <div className={classes.brand}>
          <Logo size={34} />
          <span>MeghOS</span>
        </div>
        <p className={classes.motto}>Your own cloud, on your own machine.</p>
        <Clouds className={classes.clouds} />
      </div>
      <main className={classes.side}>
        <div className={classes.form}>
          <h1 className={classes.title}>{props.title}</h1>
          <p className={classes.lead}>{props.lead}</p>
          {props.children}
        </div>
      </main>
    </div>
  );
}

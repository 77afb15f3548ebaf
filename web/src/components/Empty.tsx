import type { ReactNode } from "react";

import { Clouds } from "./Clouds";
import classes from "./Empty.module.css";

/** Nothing here yet: why, and the next step. */
export function Empty(props: { title: string; text: ReactNode; children?: ReactNode }) {
  return (
    <section className={classes.empty}>
      <Clouds className={classes.clouds} />
      <div className={classes.words}>
        <h2 className={classes.title}>{props.title}</h2>
        <p className={classes.text}>{props.text}</p>
        {props.children}
      </div>
    </section>
  );
}

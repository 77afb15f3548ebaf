import type { ReactNode } from "react";

import { useTitle } from "../lib/use-title";
import classes from "./PageHead.module.css";

/** Title of a page, a line about it, and its main action. */
export function PageHead(props: { title: string; lead?: ReactNode; children?: ReactNode }) {
  useTitle(props.title);
  return (
    <div className={classes.head}>
      <div className={classes.words}>
        <h1 className={classes.title}>{props.title}</h1>
        {props.lead !== undefined && <p className={classes.lead}>{props.lead}</p>}
      </div>
      {props.children !== undefined && <div className={classes.actions}>{props.children}</div>}
    </div>
  );
}

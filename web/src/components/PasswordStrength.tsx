import { strengthOf } from "../lib/password";
import classes from "./PasswordStrength.module.css";

/** Four bars and a word; it advises and never refuses. */
export function PasswordStrength({ password, userName }: { password: string; userName: string }) {
  const { score, word } = strengthOf(password, userName);
  return (
    <div className={classes.strength} data-score={password === "" ? "none" : score}>
      {[1, 2, 3, 4].map((bar) => (
        <span key={bar} className={classes.bar} data-on={password !== "" && score >= bar} />
      ))}
      <span className={classes.word} aria-live="polite">
        {password === "" ? "" : word}
      </span>
    </div>
  );
}

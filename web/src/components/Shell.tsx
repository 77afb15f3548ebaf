import { UnstyledButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouteContext } from "@tanstack/react-router";
import { Cpu, Disc3, KeyRound, LogOut, MonitorPlay } from "lucide-react";

import { logOut } from "../api/identity";
import { Clouds } from "./Clouds";
import { Logo } from "./Logo";
import classes from "./Shell.module.css";
import { ThemeSwitch } from "./ThemeSwitch";
import { showError } from "./toast";

const PAGES = [
  { to: "/instances", label: "Instances", icon: MonitorPlay },
  { to: "/images", label: "Images", icon: Disc3 },
  { to: "/system", label: "System", icon: Cpu },
  { to: "/sessions", label: "Sessions", icon: KeyRound },
] as const;

/** Navigation and page. On a phone the navigation is at the bottom, under the thumb. */
export function Shell() {
  const { session } = useRouteContext({ from: "/inside" });
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: logOut,
    onSuccess: async () => {
      queryClient.clear();
      await navigate({ to: "/login" });
    },
    onError: showError,
  });

  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#page">
        Skip to the page
      </a>
      <header className={classes.side}>
        <Link to="/instances" className={classes.brand}>
          <Logo />
          <span>MeghOS</span>
        </Link>
        <nav className={classes.nav} aria-label="Pages">
          {PAGES.map(({ to, label, icon: Icon }) => (
            <Link key={to} to={to} className={classes.item} activeProps={{ className: classes.active ?? "" }}>
              <Icon size={19} strokeWidth={1.8} aria-hidden="true" />
              <span>{label}</span>
            </Link>
          ))}
        </nav>
        <Clouds className={classes.clouds} sun={false} />
        <div className={classes.foot}>
          <span className={classes.user} title={session.user.name}>
            {session.user.name}
          </span>
          <ThemeSwitch />
          <UnstyledButton
            className={classes.tool}
            aria-label="Log out"
            title="Log out"
            disabled={leave.isPending}
            onClick={() => leave.mutate()}
          >
            <LogOut size={18} strokeWidth={1.8} />
          </UnstyledButton>
        </div>
      </header>
      <main id="page" className={classes.page} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

import { createTheme, defaultVariantColorsResolver, type MantineColorsTuple, type VariantColorsResolver } from "@mantine/core";

/** Peacock: the bird that dances when the rain clouds come. */
const peacock: MantineColorsTuple = [
  "#e7f7f5",
  "#cdebe7",
  "#9fd9d2",
  "#6bc5bb",
  "#3fb0a6",
  "#229a91",
  "#12857e",
  "#0a6d69",
  "#075653",
  "#043f3f",
];

/** Marigold: what is in motion. */
const marigold: MantineColorsTuple = [
  "#fff6e1",
  "#ffebc4",
  "#fdd98d",
  "#f9c65a",
  "#f3b335",
  "#e8a21c",
  "#c98509",
  "#a06903",
  "#7a5003",
  "#573903",
];

/** Laterite: what is wrong or cannot be undone. */
const laterite: MantineColorsTuple = [
  "#fdefec",
  "#f9d9d3",
  "#f2b2a7",
  "#ea8979",
  "#e06852",
  "#d15039",
  "#b93f29",
  "#9a321f",
  "#79281a",
  "#581d13",
];

/** Night clouds: the neutral tones of the dark scheme. */
const dark: MantineColorsTuple = [
  "#dce7e6",
  "#b9c9c8",
  "#8fa3a3",
  "#647a7c",
  "#38494d",
  "#283639",
  "#1c282b",
  "#131d20",
  "#0e1719",
  "#091012",
];

/** Filled parts in the main colour are bright in the dark scheme: their text follows the scheme. */
const variantColorResolver: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const main = input.color === undefined || input.color === input.theme.primaryColor;
  return main && input.variant === "filled" ? { ...colors, color: "var(--on-primary)" } : colors;
};

export const theme = createTheme({
  colors: { peacock, marigold, laterite, dark },
  primaryColor: "peacock",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  variantColorResolver,
  black: "#14262a",
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  fontFamily: '"Anek Latin Variable", system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, monospace',
  fontSizes: { xs: "0.8125rem", sm: "0.9375rem", md: "1rem", lg: "1.125rem", xl: "1.3125rem" },
  headings: { fontFamily: '"Anek Latin Variable", system-ui, sans-serif', fontWeight: "600" },
  radius: { sm: "4px", md: "8px", lg: "14px" },
  // Anek's dots melt into their letters above weight 500 in small sizes.
  fontWeights: { regular: "400", medium: "500", bold: "500" },
  components: {
    Button: { styles: { label: { fontWeight: 500 } } },
    Badge: { styles: { label: { fontWeight: 500 } } },
    Alert: { styles: { title: { fontWeight: 500 } } },
    Modal: {
      defaultProps: {
        centered: true,
        radius: "lg",
        overlayProps: { backgroundOpacity: 0.45, blur: 2 },
        closeButtonProps: { "aria-label": "Close" },
      },
      styles: { title: { fontSize: "1.25rem", fontWeight: 500 } },
    },
    Notification: {
      defaultProps: { closeButtonProps: { "aria-label": "Close" } },
      // Mantine's own grey is too pale to be read on the light scheme's paper.
      styles: { description: { color: "var(--dim)" } },
    },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true } },
    Menu: { defaultProps: { shadow: "md", position: "bottom-end", radius: "md" } },
  },
});

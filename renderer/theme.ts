/** The one file of design tokens: colours of each appearance, type, spacing, motion. Components use `var(--mr-…)` only. */
import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core';

interface Palette {
  /** Page, raised card, sunken groove. */
  readonly paper: string;
  readonly surface: string;
  readonly sunken: string;
  /** Hairline, and the edge of a control (3:1). */
  readonly line: string;
  readonly edge: string;
  /** Body text (AAA), secondary and quiet text (AA). */
  readonly ink: string;
  readonly ink2: string;
  readonly ink3: string;
  /** Water teal: as text, as soft ground, and text on the filled accent. */
  readonly accent: string;
  readonly accentSoft: string;
  readonly accentLine: string;
  readonly onAccent: string;
  /** Needs you. */
  readonly amber: string;
  readonly amberSoft: string;
  /** Failure only. */
  readonly red: string;
  readonly redSoft: string;
  readonly shadow: string;
  readonly veil: string;
}

const light: Palette = {
  paper: '#f9f6f0',
  surface: '#fffefb',
  sunken: '#f0ebe1',
  line: '#e5ded1',
  edge: '#8c8576',
  ink: '#1c2630',
  ink2: '#46535f',
  ink3: '#5b6773',
  accent: '#0d6b64',
  accentSoft: '#dcefeb',
  accentLine: '#8cc5bd',
  onAccent: '#ffffff',
  amber: '#8a4708',
  amberSoft: '#fcefd3',
  red: '#ac2216',
  redSoft: '#fce7e2',
  shadow: '0 1px 2px rgb(60 48 24 / 6%), 0 6px 20px -8px rgb(60 48 24 / 12%)',
  veil: 'rgb(249 246 240 / 88%)',
};

const dark: Palette = {
  paper: '#12181d',
  surface: '#1a2229',
  sunken: '#0d1216',
  line: '#29343d',
  edge: '#6d7c89',
  ink: '#e9edf0',
  ink2: '#b9c4cd',
  ink3: '#98a6b2',
  accent: '#5accbe',
  accentSoft: '#17373a',
  accentLine: '#2f6f6d',
  onAccent: '#04211e',
  amber: '#f2b750',
  amberSoft: '#372a13',
  red: '#ff9184',
  redSoft: '#42211d',
  shadow: '0 1px 2px rgb(0 0 0 / 30%), 0 8px 24px -10px rgb(0 0 0 / 50%)',
  veil: 'rgb(18 24 29 / 90%)',
};

const contrastLight: Palette = {
  ...light,
  paper: '#ffffff',
  surface: '#ffffff',
  sunken: '#f2f2f2',
  line: '#000000',
  edge: '#000000',
  ink: '#000000',
  ink2: '#000000',
  ink3: '#1a1a1a',
  accent: '#00504a',
  accentSoft: '#e0f4f1',
  accentLine: '#00504a',
  amber: '#663300',
  amberSoft: '#fff4dc',
  red: '#8b0f05',
  redSoft: '#ffece8',
  shadow: 'none',
  veil: 'rgb(255 255 255 / 96%)',
};

const contrastDark: Palette = {
  ...dark,
  paper: '#000000',
  surface: '#000000',
  sunken: '#161616',
  line: '#ffffff',
  edge: '#ffffff',
  ink: '#ffffff',
  ink2: '#ffffff',
  ink3: '#f0f0f0',
  accent: '#6cf0e0',
  accentSoft: '#00312d',
  accentLine: '#6cf0e0',
  onAccent: '#000000',
  amber: '#ffd37a',
  amberSoft: '#2b2000',
  red: '#ffaea4',
  redSoft: '#3a0d08',
  shadow: 'none',
  veil: 'rgb(0 0 0 / 96%)',
};

const water: MantineColorsTuple = [
  '#e9f6f4',
  '#d0ebe7',
  '#a3d8d1',
  '#74c4ba',
  '#5accbe',
  '#2b968b',
  '#147e74',
  '#0d6b64',
  '#0a5751',
  '#063f3b',
];
const warmGray: MantineColorsTuple = [
  '#f9f6f0',
  '#f3eee5',
  '#e9e3d7',
  '#ddd5c6',
  '#c8bfae',
  '#a59c8b',
  '#746c5f',
  '#5a5449',
  '#403c34',
  '#292620',
];
const slate: MantineColorsTuple = [
  '#e9edf0',
  '#c6d0d8',
  '#98a6b2',
  '#6d7c89',
  '#3a4751',
  '#29343d',
  '#1a2229',
  '#12181d',
  '#0d1216',
  '#090d10',
];

/** Variables of one palette, ours and those of the component library that follow from them. */
function variables(palette: Palette): Record<string, string> {
  return {
    '--mr-paper': palette.paper,
    '--mr-surface': palette.surface,
    '--mr-sunken': palette.sunken,
    '--mr-line': palette.line,
    '--mr-edge': palette.edge,
    '--mr-ink': palette.ink,
    '--mr-ink2': palette.ink2,
    '--mr-ink3': palette.ink3,
    '--mr-accent': palette.accent,
    '--mr-accent-soft': palette.accentSoft,
    '--mr-accent-line': palette.accentLine,
    '--mr-on-accent': palette.onAccent,
    '--mr-amber': palette.amber,
    '--mr-amber-soft': palette.amberSoft,
    '--mr-red': palette.red,
    '--mr-red-soft': palette.redSoft,
    '--mr-shadow': palette.shadow,
    '--mr-veil': palette.veil,
    '--mantine-color-body': palette.paper,
    '--mantine-color-text': palette.ink,
    '--mantine-color-dimmed': palette.ink2,
    '--mantine-color-placeholder': palette.ink3,
    '--mantine-color-default': palette.surface,
    '--mantine-color-default-hover': palette.sunken,
    '--mantine-color-default-color': palette.ink,
    '--mantine-color-default-border': palette.edge,
    '--mantine-color-error': palette.red,
    '--mantine-color-anchor': palette.accent,
    '--mantine-primary-color-filled': palette.accent,
    '--mantine-primary-color-contrast': palette.onAccent,
    '--mantine-primary-color-light': palette.accentSoft,
    '--mantine-primary-color-light-color': palette.accent,
    '--mantine-color-water-filled': palette.accent,
    '--mantine-color-water-light': palette.accentSoft,
    '--mantine-color-water-light-color': palette.accent,
    '--mantine-color-water-outline': palette.accent,
    '--mantine-color-red-filled': palette.red,
    '--mantine-color-red-light': palette.redSoft,
    '--mantine-color-red-light-color': palette.red,
  };
}

/** Gives the library our tokens; `contrast` chooses the high-contrast palettes. */
export function tokenResolver(contrast: boolean): CSSVariablesResolver {
  return () => ({
    variables: { '--mr-ease': 'cubic-bezier(0.2, 0, 0, 1)', '--mr-quick': '160ms' },
    light: variables(contrast ? contrastLight : light),
    dark: variables(contrast ? contrastDark : dark),
  });
}

/** Filled controls take their text colour from the palette, which knows what is legible on it. */
const variantColors: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  if (input.variant !== 'filled') return colors;
  const ground = input.color === 'red' ? 'var(--mr-red)' : 'var(--mr-accent)';
  const color = input.color === 'red' ? 'var(--mr-paper)' : 'var(--mr-on-accent)';
  return { ...colors, background: ground, hover: `color-mix(in srgb, ${ground} 86%, var(--mr-ink))`, color };
};

/** The library's theme; `closeLabel` names every button that closes something. */
export const themeWith = (closeLabel: string) =>
  createTheme({
    primaryColor: 'water',
    primaryShade: { light: 7, dark: 4 },
    variantColorResolver: variantColors,
    colors: { water, gray: warmGray, dark: slate },
    fontFamily: "'Inter Variable', system-ui, sans-serif",
    fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
    fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
    lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
    headings: {
      fontWeight: '620',
      sizes: {
        h1: { fontSize: '28px', lineHeight: '1.25' },
        h2: { fontSize: '20px', lineHeight: '1.3' },
        h3: { fontSize: '16px', lineHeight: '1.4' },
      },
    },
    defaultRadius: 'md',
    radius: { sm: '6px', md: '8px', lg: '8px', xl: '999px' },
    spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '32px' },
    cursorType: 'pointer',
    respectReducedMotion: true,
    focusRing: 'auto',
    components: {
      Tooltip: { defaultProps: { openDelay: 350, transitionProps: { duration: 120 } } },
      Notification: { defaultProps: { closeButtonProps: { 'aria-label': closeLabel } } },
      Modal: {
        styles: { title: { fontSize: 16, fontWeight: 620 } },
        defaultProps: { centered: true, transitionProps: { duration: 160 }, overlayProps: { backgroundOpacity: 0.4 } },
      },
      Drawer: {
        styles: { title: { fontSize: 16, fontWeight: 620 } },
        defaultProps: { transitionProps: { duration: 180 }, overlayProps: { backgroundOpacity: 0.25 } },
      },
      Popover: { defaultProps: { transitionProps: { duration: 140 }, shadow: 'md' } },
    },
  });

// Makes miniprogram_api/pages/static/vendor/tabler from a published @tabler/core: only the rules that our
// templates use, and its inline pictures as files, because our pages' policy allows no data: addresses.
// Usage: node tools/tabler.mjs <folder with node_modules> [--whole]
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, ...flags] = process.argv.slice(2);
const require = createRequire(join(modules, "node_modules", "here.js"));
const source = join(modules, "node_modules", "@tabler/core/dist/css/tabler.min.css");
const target = "miniprogram_api/pages/static/vendor/tabler";

// Classes that Python or JavaScript put together; everything else is found in the templates.
const MADE_ELSEWHERE = [
  /^(bg|text|badge|alert|btn|status|progress)-(.*-)?(lt|green|red|orange|yellow|blue|azure|purple|secondary|primary|success|danger|warning|muted|dark)$/,
  /^is-(in)?valid$/, /^show$/, /^active$/, /^disabled$/, /^col-/, /^d-/, /^htmx-/,
];

let css = readFileSync(source, "utf8").replace(/\/\*# sourceMappingURL.*?\*\//g, "");
if (!flags.includes("--whole")) {
  const { PurgeCSS } = require("purgecss");
  const content = ["miniprogram_api", "points_mall", "checkin", "lottery"].flatMap((part) => [
    `${part}/**/templates/**/*.html`, `${part}/merchant/**/*.{py,js}`, `${part}/**/merchant_*.py`,
    `${part}/**/static/merchant/**/*.js`,
  ]);
  const [kept] = await new PurgeCSS().purge({
    content,
    css: [{ raw: css }],
    variables: true,
    safelist: { standard: MADE_ELSEWHERE },
  });
  css = kept.css;
}

rmSync(join(target, "pictures"), { recursive: true, force: true });
mkdirSync(join(target, "pictures"), { recursive: true });
css = css.replace(/url\((["']?)data:image\/svg\+xml,(.*?)\1\)/g, (whole, quote, body) => {
  const picture = decodeURIComponent(body);
  const name = createHash("sha256").update(picture).digest("hex").slice(0, 10) + ".svg";
  writeFileSync(join(target, "pictures", name), picture + "\n");
  return `url("pictures/${name}")`;
});
writeFileSync(join(target, "tabler.css"), css.trim() + "\n");
console.log(`${(css.length / 1024).toFixed(0)} KB`);

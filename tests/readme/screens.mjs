// The inspector's screens in README.md and its picture, made by the real program in a real terminal: node screens.mjs
// [--write]. Without --write it only says whether they are still so (tests/e2e/readme.test.mjs asks the same).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { World, binDir, root } from '../e2e/lib/harness.mjs';
import { Terminal } from '../e2e/lib/tmux.mjs';
import { svg } from './terminal_svg.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const readme = path.join(root, 'README.md');
export const picture = path.join(root, '.github/inspector.svg');

async function fill(w) {
	const db = w.path('readme.db');
	const file = path.join(here, 'deliveries.ndjson');
	await w.creelOut(['import', file, '--db', db]);
	// An import's signatures are unknown. These stand for deliveries that came to a client with the secrets.
	const verdicts = readFileSync(file, 'utf8').trim().split('\n').map((line, i) => `UPDATE delivery SET signature = '${JSON.parse(line).signature}' WHERE id = ${i + 1};`);
	const r = await w.run('sqlite3', [db, verdicts.join(' ')]);
	if (r.code !== 0) throw new Error(r.err);
	return db;
}

const COLUMNS = 150, ROWS = 30;

/** The inspector on a wide terminal, as an SVG. */
export async function draw() {
	const w = new World();
	let t;
	try {
		const db = await fill(w);
		const env = Object.fromEntries(Object.entries(w.env).filter(([name]) => !/^(TERM|COLORTERM|NO_COLOR)$/.test(name)));
		t = await Terminal.start({ command: [path.join(binDir, 'creel'), 'ui', '--db', db, '--theme', 'dark'], columns: COLUMNS, rows: ROWS, env });
		await t.until(/no client +9 deliveries[^]*charge\.succeeded/);
		for (let i = 0; i < 5; i++) await t.keys('k');
		await t.until(/^>.*invoice\.payment_failed[^]*"customer"[^]*#4 .*500/m);
		return svg(await t.tmux('capture-pane', '-p', '-e', '-N', '-t', 'main'), { columns: COLUMNS, rows: ROWS, background: '#1e1e1e', foreground: '#d4d4d4' });
	} finally {
		await t?.close();
		await w.close();
	}
}

/** The screens by name: [how README marks them, the text]. */
export async function capture() {
	const w = new World();
	let t;
	try {
		const db = await fill(w);
		t = await Terminal.start({ command: [path.join(binDir, 'creel'), 'ui', '--db', db, '--ascii'], env: w.env });
		const list = await t.until(/no client +9\b[^]*charge\.succeeded[^]*evt_1Q8xZ8[^]*F10 ?Quit/);
		await t.type('/invoice.paid');
		await t.keys('Enter');
		await t.until(/> .*invoice\.paid/); // what is typed while it looks acts on the row it stands on
		await t.keys('Enter');
		const detail = await t.until(/"amount_due"[^]*F10 ?Quit/);
		await t.keys('Q');
		return { list, detail };
	} finally {
		await t?.close();
		await w.close();
	}
}

const block = (name) => new RegExp(`(<!-- screen: ${name} -->\n)[^]*?(<!-- end -->)`);
const shown = (screen) => screen.split('\n').map((line) => `    ${line}`.trimEnd()).join('\n').trimEnd();

/** README.md with the screens in their places. */
export async function fresh() {
	let text = readFileSync(readme, 'utf8');
	for (const [name, screen] of Object.entries(await capture())) {
		if (!block(name).test(text)) throw new Error(`README.md has no place for the screen ${name}`);
		text = text.replace(block(name), (_, begin, end) => `${begin}\n${shown(screen)}\n\n${end}`);
	}
	return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const text = await fresh(), drawn = await draw();
	const stale = text !== readFileSync(readme, 'utf8') || drawn !== readFileSync(picture, 'utf8');
	if (process.argv.includes('--write')) {
		writeFileSync(readme, text);
		writeFileSync(picture, drawn);
	} else if (stale) console.error('the screens in README.md are stale: node tests/readme/screens.mjs --write');
	process.exitCode = stale && !process.argv.includes('--write') ? 1 : 0;
}

// A terminal's screen (tmux capture-pane -p -e -N) as an SVG: one text a run of cells that look alike, on rectangles for
// their grounds.
const CELL = 8.4, LINE = 18, MARGIN = 10;
const NAMED = ['#000000', '#cd3131', '#0dbc79', '#e5e510', '#2472c8', '#bc3fbc', '#11a8cd', '#e5e5e5'];

function colour(n) {
	if (n < 16) return NAMED[n % 8];
	const hex = (...v) => `#${v.map((x) => x.toString(16).padStart(2, '0')).join('')}`;
	if (n >= 232) return hex(...Array(3).fill(8 + 10 * (n - 232)));
	const level = (x) => (x ? 55 + 40 * x : 0);
	return hex(level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6));
}

// SGR of tmux: 1 bold, 4 underline, 38;5;n and 48;5;n, 30..37 and 40..47, and what takes them away.
function apply(look, codes) {
	for (let i = 0; i < codes.length; i++) {
		const c = codes[i];
		if (c === 0) Object.assign(look, { front: null, back: null, bold: false, underline: false });
		else if (c === 1) look.bold = true;
		else if (c === 4) look.underline = true;
		else if (c === 22) look.bold = false;
		else if (c === 24) look.underline = false;
		else if (c === 39) look.front = null;
		else if (c === 49) look.back = null;
		else if ((c === 38 || c === 48) && codes[i + 1] === 5) look[c === 38 ? 'front' : 'back'] = colour(codes[(i += 2)]);
		else if (c >= 30 && c <= 37) look.front = NAMED[c - 30];
		else if (c >= 40 && c <= 47) look.back = NAMED[c - 40];
	}
}

function runs(screen) {
	const look = { front: null, back: null, bold: false, underline: false };
	return screen.split('\n').map((line) => {
		const row = [];
		let x = 0;
		// eslint-disable-next-line no-control-regex
		for (const piece of line.split(/(\x1b\[[\d;]*m)/)) {
			const sgr = /^\x1b\[([\d;]*)m$/.exec(piece);
			if (sgr) apply(look, sgr[1].split(';').map(Number));
			else if (piece) {
				row.push({ ...look, x, text: piece });
				x += [...piece].length;
			}
		}
		return row;
	});
}

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const number = (x) => String(Math.round(x * 10) / 10);

/** `screen`: a text with SGR sequences; background and foreground of the terminal itself. */
export function svg(screen, { columns, rows, background, foreground }) {
	const out = [], grounds = [];
	runs(screen).slice(0, rows).forEach((row, y) => {
		const top = MARGIN + y * LINE;
		for (const r of row) {
			const length = [...r.text].length, left = MARGIN + r.x * CELL;
			if (r.back) grounds.push(`<rect x="${number(left)}" y="${top}" width="${number(length * CELL)}" height="${LINE}" fill="${r.back}"/>`);
			for (const { 0: text, index } of r.text.matchAll(/\S+(?: \S+)*/g))
				out.push(`<text x="${number(left + [...r.text.slice(0, index)].length * CELL)}" y="${top + 13}" textLength="${number([...text].length * CELL)}"${r.front ? ` fill="${r.front}"` : ''}${r.bold ? ' font-weight="bold"' : ''}${r.underline ? ' text-decoration="underline"' : ''}>${escape(text)}</text>`);
		}
	});
	const width = Math.ceil(columns * CELL) + 2 * MARGIN, height = rows * LINE + 2 * MARGIN;
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="${foreground}" role="img" aria-label="creel ui: the list, and beside it a delivery">\n<rect width="${width}" height="${height}" rx="8" fill="${background}"/>\n${grounds.join('\n')}\n${out.join('\n')}\n</svg>\n`;
}

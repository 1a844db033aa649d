// The types of frames in creel-protocol(7), made of PROTOCOL.md's table of them: node frames.mjs [--write].
// Without --write it only says whether the page still has them (tests/e2e/readme.test.mjs runs it so).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const page = path.join(root, 'shared/creel-protocol.7');

const FROM = { 'client → relay': 'client', 'relay → client': 'relay', both: 'both' };
const troff = (s) => s.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('`', '');
const sentences = (s) => troff(s).split(/(?<=\.) /).map((line) => line.replace(/^(['.])/, '\\&$1'));

function frames() {
	const doc = readFileSync(path.join(root, 'shared/PROTOCOL.md'), 'utf8');
	const rows = doc.slice(doc.indexOf('| type | name |')).split('\n\n')[0].split('\n').slice(2);
	return rows.map((row) => {
		const [type, name, direction, stream, flags, says] = row.split('|').slice(1, -1).map((cell) => cell.trim());
		if (!FROM[direction] || !says) throw new Error(`PROTOCOL.md has a row of frames that is not understood: ${row}`);
		return { type, name, from: FROM[direction], stream, flags, says };
	});
}

/** The page with the frames in their place. Those that say the same stand together. */
export function fresh() {
	const all = frames();
	const rows = all.map((f) => [f.type, f.name, f.from, f.stream, f.flags].filter(Boolean).join('\t'));
	const said = new Map(all.map((f) => [f.says, all.filter((other) => other.says === f.says)]));
	const texts = [...said].flatMap(([says, those]) => ['.TP', `.BR ${those.map((f) => f.name).join(' ", " ')}`.replace(/^\.BR (\w+)$/, '.B $1'), ...sentences(says)]);
	const block = ['.TS', 'r l l l l.', 'Type\tName\tFrom\tStream\tFlags', '_', ...rows, '.TE', ...texts, ''].join('\n');
	const place = /(\.\\" frames: tests\/readme\/frames\.mjs --write\n)[^]*?(\.\\" end of frames\n)/;
	const text = readFileSync(page, 'utf8');
	if (!place.test(text)) throw new Error('creel-protocol.7 has no place for the frames');
	return text.replace(place, (_, begin, end) => `${begin}${block}${end}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const text = fresh(), stale = text !== readFileSync(page, 'utf8');
	if (process.argv.includes('--write')) writeFileSync(page, text);
	else if (stale) console.error('the frames in creel-protocol.7 are stale: node tests/readme/frames.mjs --write');
	process.exitCode = stale && !process.argv.includes('--write') ? 1 : 0;
}

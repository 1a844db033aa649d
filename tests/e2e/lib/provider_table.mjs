// The rows of shared/signature/signature_table.def, as far as documents repeat them.
import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../../shared/signature/signature_table.def', import.meta.url), 'utf8').replace(/\/\*[^]*?\*\//g, '');
const strings = (list) => [...(list ?? '').matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, s]) => s);

/** One object a row: name, hidden, unchecked, field, agent, own_fields, marks, events, ids, age, waits_ms, retries … */
export const rows = text.split(/^\{ (?=\.name)/m).slice(1).map((row) => {
	const texts = Object.fromEntries([...row.matchAll(/\.(\w+) = "((?:[^"\\]|\\.)*)"/g)].map(([, k, v]) => [k, v]));
	const lists = Object.fromEntries([...row.matchAll(/\.(\w+) = \{ ([^}]*) \}/g)].map(([, k, v]) => [k, strings(v)]));
	const content = row.match(/\.content = ((?:"(?:[^"\\]|\\.)*"\s*)+)/)?.[1];
	if (content !== undefined) texts.content = strings(content).join('');
	const number = (k) => row.match(new RegExp(`\\.${k} = (\\d+)`))?.[1];
	return { ...texts, ...lists, hidden: /\.hidden = true/.test(row), unchecked: /\.unchecked = true/.test(row),
		age: /\.age = FIVE_MINUTES|STANDARD\b(?!\w)/.test(row) ? 300 : Number(number('age') ?? 0),
		waits_ms: Number(number('waits_ms') ?? 0) * (/\.waits_ms = \d+ SECONDS/.test(row) ? 1000 : 1) };
});

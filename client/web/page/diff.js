// Two deliveries side by side; and what leaves creel as a file.
import { SECRET, answer, back, button, check, complain, el, form, gate, live, many, number, plain, region, select, swap, table } from './dom.js';
import { get, post } from './api.js';
import { run } from './keys.js';
import { go } from './main.js';

const name = (d) => [el('a', { href: `/d/${d.id}` }, `#${d.id}`), ' ', gate(d.event_type ?? d.path)];

const shown = (v) => (typeof v === 'string' ? v : JSON.stringify(v));
const field = ({ name }, v) => (v === null ? null : `${name}: ${SECRET.test(name) ? '••••' : shown(v)}`);
const hunk = (title, rows) => rows[0] && [el('h2', { 'data-hunk': '' }, title), rows];
const side = (kind, v) => v != null && el(`div.l.${kind}`, kind === 'del' ? '- ' : '+ ', gate(shown(v)));

export async function show(section, state) {
	const all = state.mode === 'all', keyed = state.order === 'keys';
	const [diff, ...sides] = await Promise.all([get('/api/diff', { a: state.a, b: state.b, ignore_volatile: all ? '' : 1, key_order: keyed ? 1 : '' }), ...[state.a, state.b].map((id) => get(`/api/deliveries/${id}`))]);
	const line = diff.request_line, toggle = (label, on, to) => el('button', { pressed: on, onclick: () => go(to) }, label);
	const body = diff.body, changes = body.changes ?? [], count = changes.length + diff.headers.length + !!line;
	const change = ({ a, b }) => el('div.cols', [side('del', a), side('add', b)].map((s) => el('div.col', s)));
	const rows = changes.map((c) => hunk(plain(c.path ?? (c.line_a || c.line_b ? `line ${c.line_a ?? c.line_b}` : c.change ?? '')), [change(c)]));
	swap(section,
		el('div.dh', el('h1', back(() => run('back')), el('span.e', '- ', name(sides[0])), el('span.e', '+ ', name(sides[1]))),
			el('div.meta', el('span', diff.equal ? 'They are equal.' : many(count, 'difference')), el('span', `${number(diff.ignored)} that differ every time are ${all ? 'shown' : 'left out'}`)),
			el('div.act', { role: 'group', label: 'How they are compared' }, toggle('Dates, ids, signatures too ', all, { mode: all ? '' : 'all' }), toggle('Order of keys', keyed, { order: keyed ? '' : 'keys' }),
				toggle('Swap', false, { a: state.b, b: state.a }))),
		el('div.tree.diff', region('Differences'), hunk('Request line', [line && change(line)]),
			hunk('Header fields', diff.headers.map((h) => change({ a: field(h, h.a), b: field(h, h.b) }))),
			el('h2', `Body: ${body.kind === 'same' ? 'the same' : plain(body.kind)}`), rows, body.first_difference >= 0 && el('div.l', `they differ from byte ${number(body.first_difference)} on`)));
}

export async function showExport(section, state) {
	const ids = state.find ? [Number(state.find)] : null;
	const { list } = await import('./list.js');
	const marked = [...list.marked];
	const scope = select({ id: 'export-scope' }, [ids && ['this', `delivery ${ids[0]}`], marked.length && ['marked', `the ${number(marked.length)} marked`], ['filter', state.filter ? `all that match ${plain(state.filter, 60)}` : 'all']].filter(Boolean));
	const format = select({ id: 'export-format' }, [['har', 'HAR'], ['curl', 'curl commands'], ['http', '.http file'], ['ndjson', 'NDJSON, for creel import'], ['body', 'the body']]);
	const redact = check({ id: 'export-redact', checked: true }), secrets = check({ id: 'export-secrets' }), names = el('input', { id: 'export-names', placeholder: 'customer.email, header:X-Account' });
	const out = live();
	const ask = (preview) => {
		const what = { this: { ids }, marked: { ids: marked }, filter: { filter: state.filter ?? '' } }[scope.value];
		const more = names.value.split(',').map((n) => n.trim()).filter(Boolean);
		return post('/api/export', { ...what, format: format.value, redact: redact.checked && (more[0] ? more : true), secrets: secrets.checked && !redact.checked, preview });
	};
	const preview = async () => {
		const p = await ask(true);
		return [el('p', `${many(p.count, 'delivery', 'deliveries')}. ${redact.checked ? `${many(p.replaced.reduce((n, r) => n + r.count, 0), 'place')} redacted in ${number(p.looked)}:` : 'Nothing is redacted.'}`),
			p.replaced[0] && table(['WHERE', '>TIMES'], p.replaced.map((r) => [el('span.mono', gate(r.where)), number(r.count)])),
			el('pre.tree', region('How it begins'), gate(p.sample.slice(0, 20000)))];
	};
	const save = () => ask(false).then(({ url }) => (location.href = url), complain);
	swap(section, el('div.dh', el('h1', back(() => run('back')), 'Export')),
		form(save, 'Save', [el('label', 'What', scope), el('label', 'As', format), el('label.inline', redact, ' Take secrets and signatures out'), el('label', 'Further names to take out', names), el('label.inline', secrets, ' In curl: Authorization, Cookie and the like, not $CREEL_…')],
			[el('button', { id: 'export-preview', onclick: () => answer(out, preview) }, 'Preview'), button('Cancel', () => go({ view: 'list' }))], out));
}

// One delivery: head, deeds, tabs.
import { $, SECRET, answer, answered, back, button, clock, day, el, gate, guarded, icon, instead, link as linkTo, live, many, moment, number, outcomeNode, plain, region, table, took, trouble, wider } from './dom.js';
import { aborted, get, latest, post } from './api.js';
import * as body from './body.js';
import * as deeds from './deeds.js';
import { list } from './list.js';

const SIGNATURE = /signature|hmac|x-gitlab-token/i;
const TABS = ['request', 'response', 'attempts', 'verify', 'raw'];
export const detail = {};
const signal = latest();
let section, attemptShown, read; // of the bodies, by part

const wide = () => wider(1800);

export const build = (main) => (section = main.appendChild(el('section.det', { id: 'detail', role: 'complementary', label: 'Delivery', tabindex: -1 })));
export const hide = () => {
	detail.data = detail.id = null;
	section.hidden = true;
};

/** Shows a delivery; `tab`, `attempt`, `mode`, `find` as the address has them. */
export async function show(state) {
	section.hidden = false;
	const same = detail.data && String(detail.id) === String(state.id) && attemptShown === state.attempt;
	detail.id = state.id;
	attemptShown = state.attempt;
	if (same) {
		draw(state);
		return;
	}
	read = { request: {}, response: {} };
	const slow = setTimeout(() => section.replaceChildren(el('p.note', { 'aria-busy': 'true' }, 'Loading…')), 150);
	try {
		detail.data = await get(`/api/deliveries/${encodeURIComponent(state.id)}`, { attempt: state.attempt }, { signal: signal() });
		detail.id = detail.data.id;
		if (detail.data.marked) list.marked.add(detail.data.id);
		draw(state);
	} catch (error) {
		if (aborted(error)) return;
		detail.data = null;
		const gone = error.name === 'not-found';
		section.replaceChildren(gone ? trouble({ message: `Delivery ${plain(state.id, 40)} was deleted or pruned.` }, ' ', button('Back to the deliveries', detail.onBack)) : trouble(error, ' ', button('Retry', () => show(state))));
	} finally {
		clearTimeout(slow);
	}
}

export const refresh = (state) => ((detail.data = null), show({ ...state, id: detail.id }));

function tabsOf(d, tab) {
	const names = { request: 'Request', response: ['Response ', d.response ? el(`span.o${Math.floor(d.response.status / 100)}`, d.response.status) : ''], attempts: `Attempts ${d.attempts}`, verify: 'Verify', raw: 'Raw' };
	const shown = TABS.filter((t) => !(wide() && t === 'response'));
	const bar = el('div.tabs', { role: 'tablist', label: 'Parts of the delivery' }, shown.map((t) => el('button', {
		role: 'tab', id: `tab-${t}`, 'aria-selected': t === tab, 'aria-controls': 'panel', tabindex: t === tab ? 0 : -1, onclick: () => detail.onTab(t),
	}, names[t])));
	bar.onkeydown = (e) => {
		const d2 = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
		if (!d2) return;
		detail.onTab(shown[(shown.indexOf(tab) + d2 + shown.length) % shown.length]);
		e.preventDefault();
		setTimeout(() => section.querySelector('[role=tab][aria-selected=true]')?.focus());
	};
	return bar;
}

function head(d) {
	const { sign, kind, text } = d.verdict, last = d.all_attempts.at(-1);
	const deed = (name, label, key, sig, primary) => el(`button${primary ? '.p' : ''}`, { id: `deed-${name}`, onclick: (e) => deeds.run(name, d, e.currentTarget) }, icon(sig), label, ' ', el('kbd', key));
	return el('div.dh',
		el('h1', back(detail.onBack), el('span.id', `#${d.id}`), el('span.e', { title: plain(d.event_type ?? d.target) }, gate(d.event_type ?? d.path)),
			outcomeNode(d, plain((!d.broke_off && answered(d)) || d.outcome.text))),
		last?.error && !d.response ? el('p.wrong', gate(last.error)) : null,
		el('div.meta', el('span', { title: `${day(d.received_at)} ${clock(d.received_at, true)}` }, moment(d.received_at)), el('span', `took ${took(d.duration_ms)}`), el('span', many(d.attempts, 'attempt')),
			el('span', `${number(d.request_bytes)} bytes`), el(`b.${kind}`, icon(sign), ` ${text}`), el('span', plain(d.origin), d.peer ? [', from ', gate(d.peer)] : ''),
			d.replay_of ? el('span', 'replay of ', link(d.replay_of)) : null, list.marked.has(d.id) ? el('span', icon('mk'), ' marked') : null, d.tags.map((t) => t !== 'marked' && el('b', gate(t)))),
		d.note ? el('p.said', gate(d.note)) : null,
		el('div.act', { role: 'group', label: 'Deeds' }, deed('replay', 'Replay', 'r', 'rp', true), deed('edit', 'Edit & replay', 'e', 'ed'), deed('copy', 'Copy', 'y', 'cp'),
			el('button.wide', { id: 'deed-diff', onclick: () => deeds.run('diff', d) }, icon('df'), 'Diff ', el('kbd', 'd')),
			el('button.q.end', { id: 'deed-more', onclick: (e) => deeds.more(d, e.currentTarget) }, 'More')));
}

const link = (id) => linkTo(`/d/${id}`, () => detail.onOpen(id), `#${id}`);

function fields(message, d, part) {
	const secrets = new Set(), { sign, kind, text } = d.verdict;
	const row = ([name, value, hidden = SECRET.test(name)]) => {
		const dd = el('dd');
		const draw = () => dd.replaceChildren(...(hidden && !secrets.has(name) ? ['•••• ', el('button', { label: `Show ${plain(name, 40)}`, onclick: () => (secrets.add(name), draw()) }, 'Show')]
			: [gate(value.trim()), ...(body.jwt(value) ?? []).map((t) => el('div', 'token, not verified: ', gate(t)))]),
			part === 'request' && SIGNATURE.test(name) && d.signature !== 'none' ? el('span', ' ', el(`span.sig.${kind}`, icon(sign), text.replace('signature ', ''), d.why ? [': ', gate(d.why)] : '')) : '');
		draw();
		return [el('dt', gate(name)), dd];
	};
	const named = (label, pairs) => (pairs.length ? [el('div.sec', el('h2', label)), el('dl', { label }, pairs.map(row))] : '');
	const cookies = message.headers.flatMap(([n, v]) => (/^cookie$/i.test(n) ? v.split(';') : /^set-cookie$/i.test(n) ? [v] : [])).map((c) => [c.split('=', 1)[0].trim(), c.slice(c.indexOf('=') + 1), true]);
	return [el('dl', { label: 'Header fields' }, message.headers.map(row), message.trailers?.length ? [el('dt', 'Trailers'), el('dd', number(message.trailers.length)), message.trailers.map(row)] : ''),
		named('Query', part === 'request' && /\?.*[%+]/.test(d.target) ? [...new URLSearchParams(d.target.slice(d.target.indexOf('?')))] : []), named('Cookies', cookies)];
}

function column(d, part, state) {
	const message = d[part], s = read[part], first = part === (state.tab ?? 'request');
	Object.assign(s, { mode: state.mode, find: state.find, attempt: attemptShown, width: section.clientWidth >> wide(), wrap: detail.wrap, line: first && state.line, onLine: (n) => detail.onLine((s.went = String(n))) });
	if (!message) {
		const last = d.all_attempts.at(-1);
		return el('div.col', el('p.note', /waiting|sending/.test(d.state) ? 'No answer yet.' : 'No answer came', last?.error ? [': ', gate(last.error)] : '', '.'));
	}
	const line = part === 'request' ? el('div.line', el('b', gate(d.method)), ' ', gate(d.target), ' HTTP/1.1') : el('div.line', el(`b.o${Math.floor(message.status / 100)}`, message.status), ' ', gate(message.reason ?? ''));
	const shown = body.show(d.id, part, message, s, detail.onChange, {
		onCopyValue: (t) => deeds.copyText(t, 'value'), onCopyPath: (t) => deeds.copyText(t, 'path'),
		onLine: s.onLine, onFilter: (path, value) => detail.onFilter(`json:${path}=${value.replace(/^"([\w.-]+)"$/, '$1')}`),
	});
	if (first) detail.tree = shown.tree;
	return el(`div.col${part === 'response' && wide() ? '.two' : ''}`, { role: wide() ? 'group' : undefined, label: wide() ? part : undefined }, line, fields(message, d, part), shown.node);
}

function attempts(d) {
	return el('div.pad', region('Attempts'), table(['N', 'TIME', 'OUTCOME', 'CONNECT', 'FIRST BYTE', 'TOOK', 'TO'], d.all_attempts.map((a) => [el('button.q', { label: `Answer of attempt ${a.attempt}`, onclick: () => detail.onTab('response', a.attempt) }, a.attempt), moment(a.at),
		a.status ? el(`span.o${Math.floor(a.status / 100)}`, `${a.status} `, gate(a.reason ?? '')) : el('span.wrong', gate(a.error ?? a.result)), took(a.connect_ms), took(a.first_byte_ms), took(a.duration_ms), el('span.mono', gate(a.url ?? ''))])),
	d.replays.length ? el('p', 'Replays: ', d.replays.map((id) => [link(id), ' '])) : el('p', 'No replays.'));
}

function verify(d) {
	const out = live(), secret = el('input', { type: 'password', autocomplete: 'off', id: 'secret' }), provider = el('input', { id: 'provider', value: d.provider ?? '', spellcheck: 'false' });
	const { sign, kind, text } = d.verdict;
	const ask = async () => {
		const { results: [r] } = await post('/api/verify', { delivery_id: d.id, tried: true, secret: secret.value || undefined, provider: provider.value.trim() || undefined }), v = r.verdict;
		secret.value = '';
		return [el(`p.o.${v.kind}`, icon(v.sign), v.text), el('dl', el('dt', 'provider'), el('dd', gate(r.provider ?? 'not known')), el('dt', 'age'), el('dd', r.age_s === null ? '–' : `${r.age_s} s`), r.why ? [el('dt', 'why'), el('dd', gate(r.why))] : ''),
			el('h2', 'What was tried'), table(['PROVIDER', 'SECRET', 'HOW', 'OUTCOME'], r.tried.map((t) => [t.provider, t.secret, [t.what, t.url ? [', ', gate(t.url)] : ''], t.holds ? el('b.o2', 'holds') : gate(t.why ?? 'does not hold')]))];
	};
	return el('div.pad', el(`h2.o.${kind}`, icon(sign), text), d.why ? el('p', gate(d.why)) : null,
		el('form.fields', { onsubmit: instead(() => answer(out, ask)) }, el('label', 'Provider', provider), el('label', 'Secret, for this check alone; nothing keeps it', secret), el('div.row2', el('button.p', { type: 'submit' }, 'Check the signature'))), out);
}

async function raw(d, into) {
	for (const part of ['request', ...(d.response ? ['response'] : [])]) {
		const answer = await get(`/api/deliveries/${d.id}/raw/${part}`, { attempt: part === 'response' ? attemptShown : undefined }, { raw: true });
		const bytes = await answer.bytes(), text = new TextDecoder().decode(bytes.subarray(0, 256 * 1024)).replaceAll('\r\n', '\n'), [head] = text.split('\n\n', 1);
		const safe = head.replace(/^([^\n:]+):.*(\n[ \t].*)*/gm, (line, name) => (SECRET.test(name) ? `${name}: ••••` : line)), pre = el('pre.tree', region(`Raw ${part}`)), draw = (t) => pre.replaceChildren(gate(t + text.slice(head.length)));
		draw(safe);
		into.append(el('div.sec', el('h2', part === 'request' ? 'Request' : 'Response'), `${number(bytes.length)} bytes`, safe !== head && button('Show secrets', (e) => (e.target.remove(), draw(head)))), pre);
	}
}

export function draw(state) {
	const d = detail.data;
	if (!d) return;
	let tab = state.tab ?? 'request';
	if (wide() && tab === 'response') tab = 'request';
	const panel = el('div.cols', { role: 'tabpanel', id: 'panel', 'aria-labelledby': `tab-${tab}` });
	detail.tree = null;
	panel.append(...[guarded('This part', () => {
		if (tab === 'attempts') return attempts(d);
		if (tab === 'verify') return verify(d);
		if (tab === 'raw') {
			const into = el('div.col');
			raw(d, into).catch((error) => into.append(el('p.note', plain(error.message))));
			return into;
		}
		if (wide()) return el('div.cols', column(d, 'request', state), column(d, 'response', state));
		return column(d, tab, state);
	}, button('Raw', () => detail.onTab('raw')))]);
	const col = () => section.querySelector('.col'), y = col()?.scrollTop;
	section.replaceChildren(guarded('The head', () => head(d)), tabsOf(d, tab), panel);
	if (tab !== 'request') $(`tab-${tab}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
	section.setAttribute('aria-label', plain(`Delivery ${d.id}`));
	if (col() && y) col().scrollTop = y;
}

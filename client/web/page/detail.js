// One delivery: head, deeds, tabs.
import { $, SECRET, answer, answered, back, button, clock, day, el, form, gate, guarded, halt, icon, link as linkTo, live, loading, many, moment, near, number, one, outcomeNode, plain, region, retry, signed, swap, table, took, trouble, wider } from './dom.js';
import { aborted, get, latest, post } from './api.js';
import * as body from './body.js';
import * as deeds from './deeds.js';
import { list } from './list.js';
import { open } from './main.js';

const SIGNATURE = /signature|hmac|x-gitlab-token/i;
export const TABS = ['request', 'response', 'attempts', 'verify', 'raw'];
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
	const same = detail.data && String(detail.id) === state.id && attemptShown === state.attempt;
	detail.id = state.id;
	attemptShown = state.attempt;
	if (same) return draw(state);
	read = { request: {}, response: {} };
	const slow = setTimeout(() => swap(section, loading()), 150);
	try {
		detail.data = await get(`/api/deliveries/${encodeURIComponent(state.id)}`, { attempt: state.attempt }, { signal: signal() });
		detail.id = detail.data.id;
		if (detail.data.marked) list.marked.add(detail.data.id);
		draw(state);
	} catch (error) {
		if (aborted(error)) return;
		detail.data = null;
		swap(section, error.name === 'not-found' ? trouble({ message: `Delivery ${plain(state.id, 40)} was deleted or pruned.` }, button('Back to the deliveries', detail.onBack)) : retry(error, () => show(state)));
	} finally {
		clearTimeout(slow);
	}
}

export const refresh = (state) => ((detail.data = null), show({ ...state, id: detail.id }));

const status = (name, n, ...words) => el(`${name}.o${~~(n / 100)}`, n, ' ', words);

function tabsOf(d, tab) {
	const names = { request: 'Request', response: ['Response ', d.response && status('span', d.response.status)], attempts: `Attempts ${d.attempts}`, verify: 'Verify', raw: 'Raw' };
	const shown = TABS.filter((t) => !(wide() && t === 'response'));
	const bar = el('div.tabs', { role: 'tablist', label: 'Parts of the delivery' }, shown.map((t) => el('button', {
		role: 'tab', id: `tab-${t}`, 'aria-selected': t === tab, 'aria-controls': 'panel', tabindex: t === tab ? 0 : -1, onclick: () => detail.onTab(t),
	}, names[t])));
	bar.onkeydown = (e) => {
		const d2 = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
		if (!d2) return;
		detail.onTab(shown[(shown.indexOf(tab) + d2 + shown.length) % shown.length]);
		halt(e);
		setTimeout(() => one('[role=tab][aria-selected=true]')?.focus());
	};
	return bar;
}

function head(d) {
	const last = d.all_attempts.at(-1);
	const deed = (name, label, key, sig, kind = '') => el(`button${kind}`, { id: `deed-${name}`, onclick: (e) => deeds.run(name, d, e.currentTarget) }, icon(sig), label, ' ', el('kbd', key));
	return el('div.dh',
		el('h1', back(detail.onBack), el('span.id', `#${d.id}`), el('span.e', { title: plain(d.event_type ?? d.target) }, gate(d.event_type ?? d.path)),
			outcomeNode(d, plain((!d.broke_off && answered(d)) || d.outcome.text))),
		last?.error && !d.response && el('p.wrong', gate(last.error)),
		el('div.meta', el('span', { title: `${day(d.received_at)} ${clock(d.received_at, true)}` }, moment(d.received_at)), [`took ${took(d.duration_ms)}`, many(d.attempts, 'attempt'), `${number(d.request_bytes)} bytes`].map((t) => el('span', t)), signed('b', d.verdict, [d.verdict.text, d.why && [': ', gate(d.why)]]), el('span', plain(d.origin), d.peer && [', from ', gate(d.peer)]),
			d.replay_of && el('span', 'replay of ', link(d.replay_of)), list.marked.has(d.id) && el('span', icon('mk'), ' marked'), d.tags.map((t) => t !== 'marked' && el('b', gate(t)))),
		d.note && el('p.said', gate(d.note)),
		el('div.act', { role: 'group', label: 'Deeds' }, deed('replay', 'Replay', 'r', 'rp', '.p'), deed('edit', 'Edit & replay', 'e', 'ed'), deed('copy', 'Copy', 'y', 'cp'),
			deed('diff', 'Diff', 'd', 'df', '.wide'),
			el('button.q.end', { id: 'deed-more', onclick: (e) => deeds.more(d, e.currentTarget) }, 'More')));
}

const link = (id) => linkTo(`/d/${id}`, () => open(id), `#${id}`);

function fields(message, d, part) {
	const shown = (message.shown ??= new Set()); // then copied too
	const row = ([name, value, hidden = SECRET.test(name)]) => {
		const dd = el('dd');
		const draw = () => swap(dd, hidden && !shown.has(value) ? ['•••• ', el('button', { label: `Show ${plain(name, 40)}`, onclick: () => (shown.add(value), draw()) }, 'Show')]
			: [gate(value.trim()), ...(body.jwt(value) ?? []).map((t) => el('div', 'token, not verified: ', gate(t)))],
			part === 'request' && SIGNATURE.test(name) && d.signature !== 'none' ? el('span', ' ', signed('span.sig', d.verdict, [d.verdict.text.replace('signature ', ''), d.why && [': ', gate(d.why)]])) : '');
		draw();
		return [el('dt', gate(name)), dd];
	};
	const named = (label, pairs) => pairs[0] && [el('div.sec', el('h2', label)), el('dl', { label }, pairs.map(row))];
	const cookies = message.headers.flatMap(([n, v]) => (/^cookie$/i.test(n) ? v.split(';') : /^set-cookie$/i.test(n) ? [v] : [])).map((c) => [c.split('=', 1)[0].trim(), c.slice(c.indexOf('=') + 1), true]);
	return [el('dl', { label: 'Header fields' }, message.headers.map(row), message.trailers?.[0] && [el('dt', 'Trailers'), el('dd', number(message.trailers.length)), message.trailers.map(row)]),
		named('Query', part === 'request' && /\?.*[%+]/.test(d.target) ? [...new URLSearchParams(d.target.slice(d.target.indexOf('?')))] : []), named('Cookies', cookies)];
}

function column(d, part, state) {
	const message = d[part], s = read[part], first = part === (state.tab ?? 'request');
	Object.assign(s, { part, mode: state.mode, find: state.find, attempt: attemptShown, width: section.clientWidth >> wide(), line: first && state.line, onLine: (n) => detail.onLine((s.went = String(n))) });
	if (!message) {
		const last = d.all_attempts.at(-1);
		return el('div.col', el('p.note', /waiting|sending/.test(d.state) ? 'No answer yet.' : 'No answer came', last?.error && [': ', gate(last.error)], '.'));
	}
	const line = part === 'request' ? el('div.line', el('b', gate(d.method)), ' ', gate(d.target), ' HTTP/1.1') : el('div.line', status('b', message.status), gate(message.reason ?? ''));
	const shown = body.show(d, part, message, s, detail.onChange, {
		onOther: () => refresh(state),
		onCopyValue: (t) => deeds.copyText(t, 'value'), onCopyPath: (t) => deeds.copyText(t, 'path'),
		onLine: s.onLine, onFilter: (path, value) => detail.onFilter(`json:${path}=${value.replace(/^"([\w.-]+)"$/, '$1')}`),
	});
	if (first) detail.tree = shown.tree;
	return el(`div.col${part === 'response' && wide() ? '.two' : ''}`, { role: wide() && 'group', label: wide() ? part : null }, line, fields(message, d, part), shown.node);
}

function attempts(d) {
	return el('div.pad', region('Attempts'), table(['N', 'TIME', 'OUTCOME', 'CONNECT', 'FIRST BYTE', 'TOOK', 'TO'], d.all_attempts.map((a) => [el('button.q', { label: `Answer of attempt ${a.attempt}`, onclick: () => detail.onTab('response', a.attempt) }, a.attempt), moment(a.at),
		a.status ? status('span', a.status, gate(a.reason ?? '')) : el('span.wrong', gate(a.error ?? a.result)), took(a.connect_ms), took(a.first_byte_ms), took(a.duration_ms), el('span.mono', gate(a.url ?? ''))])),
	el('p', d.replays[0] ? ['Replays: ', d.replays.map((id) => [link(id), ' '])] : 'No replays.'));
}

function verify(d) {
	const out = live(), secret = el('input', { type: 'password', autocomplete: 'off', id: 'secret' }), provider = el('input', { id: 'provider', value: d.provider ?? '', spellcheck: 'false' });
	const ask = async () => {
		const { results: [r] } = await post('/api/verify', { delivery_id: d.id, tried: true, secret: secret.value || undefined, provider: provider.value.trim() || undefined }), v = r.verdict;
		secret.value = '';
		return [signed('p.o', v), el('dl', [['provider', r.provider], ['scheme', r.scheme], ['judged', `as of ${moment(r.judged_at)}`], ['age', r.age_s === null ? '–' : `${r.age_s} s`], ['why', r.why ?? 'it holds']].map(([name, value]) => [el('dt', name), el('dd', gate(value ?? 'not known'))])),
			el('h2', 'What was tried'), table(['PROVIDER', 'SECRET', 'HOW', 'OUTCOME'], r.tried.map((t) => [t.provider, t.secret, [t.what, t.url && [', ', gate(t.url)]], t.holds ? el('b.o2', 'holds') : gate(t.why ?? 'does not hold')]))];
	};
	return el('div.pad', signed('h2.o', d.verdict), d.why && el('p', gate(d.why)),
		form(() => answer(out, ask), 'Check the signature', [el('label', 'Provider', provider), el('label', 'Secret, for this check alone; nothing keeps it', secret)]), out);
}

async function raw(d, into) {
	for (const part of ['request', ...(d.response ? ['response'] : [])]) {
		const answer = await get(`/api/deliveries/${d.id}/raw/${part}`, { attempt: part === 'response' ? attemptShown : null }, { raw: true });
		const bytes = await answer.bytes(), text = new TextDecoder().decode(bytes.subarray(0, 256 * 1024)).replaceAll('\r\n', '\n'), [head] = text.split('\n\n', 1);
		const safe = head.replace(/^([^\n:]+):.*(\n[ \t].*)*/gm, (line, name) => (SECRET.test(name) ? `${name}: ••••` : line)), pre = el('pre.tree', region(`Raw ${part}`)), draw = (t) => swap(pre, gate(t + text.slice(head.length)));
		draw(safe);
		into.append(el('div.sec', el('h2', part === 'request' ? 'Request' : 'Response'), `${number(bytes.length)} bytes`, safe !== head && button('Show secrets', (e) => (e.target.remove(), draw(head), d[part].shown = new Set(d[part].headers.map(([, v]) => v))))), pre);
	}
}

export function draw(state) {
	const d = detail.data;
	if (!d) return;
	let tab = state.tab ?? 'request';
	if (wide() && tab === 'response') tab = 'request';
	detail.tree = null;
	const panel = el('div.cols', { role: 'tabpanel', id: 'panel', 'aria-labelledby': `tab-${tab}` }, guarded('This part', () => {
		if (tab === 'attempts') return attempts(d);
		if (tab === 'verify') return verify(d);
		if (tab === 'raw') {
			const into = el('div.col');
			raw(d, into).catch((error) => into.append(trouble(error)));
			return into;
		}
		if (wide()) return el('div.cols', column(d, 'request', state), column(d, 'response', state));
		return column(d, tab, state);
	}, button('Raw', () => detail.onTab('raw'))));
	const col = () => section.querySelector('.col'), y = col()?.scrollTop;
	swap(section, guarded('The head', () => head(d)), tabsOf(d, tab), panel);
	deeds.ready();
	if (tab !== 'request') near($(`tab-${tab}`));
	section.ariaLabel = `Delivery ${d.id}`;
	if (col() && y) col().scrollTop = y;
}

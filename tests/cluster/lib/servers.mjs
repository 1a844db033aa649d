// What the nats-servers say of a stream: who leads it, and what each replica has of it.
import { ask } from '../../e2e/lib/cluster.mjs';
import { waitFor } from '../../e2e/lib/harness.mjs';

/** /jsz of a server; null when it does not answer. */
async function jsz(b) {
	try {
		const r = await fetch(`http://${b.host}:${b.http}/jsz?accounts=true&streams=true`, { signal: AbortSignal.timeout(2000) });
		return await r.json();
	} catch {
		return null;
	}
}

const streamsOf = (j) => j?.account_details?.flatMap((a) => a.stream_detail ?? []) ?? [];

/** The server that leads a stream (`null`: the one that leads them all, the meta leader). */
export async function leaderOf(brokers, stream) {
	for (const b of brokers.all) {
		const j = await jsz(b);
		const name = stream === null ? j?.meta_cluster?.leader : streamsOf(j).find((s) => s.name === stream)?.cluster?.leader;
		const leader = brokers.all.find((one) => one.name === name);
		if (leader) return leader;
	}
	return null;
}

/** The first and last sequence of each replica, as it says itself: { server: { first_seq, last_seq, messages } }. */
export async function replicas(brokers, stream) {
	const all = {};
	for (const b of brokers.all) {
		const state = streamsOf(await jsz(b)).find((s) => s.name === stream)?.state;
		all[b.name] = state ? { messages: state.messages, first: state.first_seq, last: state.last_seq } : null;
	}
	return all;
}

const api = async (brokers, subject, text = '') => JSON.parse(await ask(brokers.all[0], `$JS.API.${subject}`, text));

/** Has the replicas lead one after the other until `server` does. */
export async function lead(brokers, stream, server, timeoutMs = 120_000) {
	await waitFor(`${server.name} to lead ${stream}`, async () => {
		const now = await leaderOf(brokers, stream);
		if (now === server) return true;
		if (now) await api(brokers, `STREAM.LEADER.STEPDOWN.${stream}`).catch(() => {});
		await waitFor('a leader', () => leaderOf(brokers, stream), 20_000);
		return false;
	}, timeoutMs);
}

/** The subjects of a stream with how many messages each has. */
export async function subjects(brokers, stream) {
	const info = await waitFor('the stream to be told of', async () => {
		const a = await api(brokers, `STREAM.INFO.${stream}`, JSON.stringify({ subjects_filter: '>' })).catch(() => ({}));
		return a.state && a;
	}, 60_000);
	return Object.entries(info.state.subjects ?? {}).map(([subject, count]) => `${subject}: ${count}`);
}

const NO_MESSAGE = 10037;

/** The message of that sequence at the leader; null where it says that there is none. A leader that is lost meanwhile says nothing of it. */
const readMessage = async (brokers, stream, seq) => {
	const answer = await waitFor('a leader to answer', async () => {
		const a = await api(brokers, `STREAM.MSG.GET.${stream}`, JSON.stringify({ seq })).catch(() => ({}));
		return (a.message || a.error?.err_code === NO_MESSAGE) && a;
	}, 60_000);
	return answer.message ?? null;
};

/** Reads a stream by sequence with each server as its leader; gives { server: Map(sequence → subject and bytes) }. */
export async function readReplicas(brokers, stream) {
	const all = {};
	for (const b of brokers.all) {
		await lead(brokers, stream, b);
		const { state } = await waitFor('the stream to be told of', async () => {
			const info = await api(brokers, `STREAM.INFO.${stream}`).catch(() => ({}));
			return info.state && info;
		});
		const found = new Map();
		for (let from = state.first_seq; from <= state.last_seq; from += 64) {
			const numbers = Array.from({ length: Math.min(64, state.last_seq - from + 1) }, (_, i) => from + i);
			const answers = await Promise.all(numbers.map((seq) => readMessage(brokers, stream, seq)));
			answers.forEach((message, i) => message && found.set(numbers[i], `${message.subject} ${message.data ?? ''}`));
		}
		all[b.name] = found;
	}
	return all;
}

/** What differs between replicas, as text; '' when nothing does. */
export function differences(all) {
	const lines = [];
	const sequences = new Set(Object.values(all).flatMap((m) => [...m.keys()]));
	for (const [name, found] of Object.entries(all)) {
		const missing = [...sequences].filter((seq) => !found.has(seq));
		if (missing.length) lines.push(`${name} lacks ${missing.length} of ${sequences.size}, for example ${missing.slice(0, 5).join(', ')}`);
	}
	const other = [...sequences].filter((seq) => new Set(Object.values(all).map((m) => m.get(seq)).filter(Boolean)).size > 1);
	if (other.length) lines.push(`${other.length} have the same sequence and other bytes, for example ${other.slice(0, 5).join(', ')}`);
	return lines.join('; ');
}

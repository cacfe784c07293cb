// What a picture depends on, as the server knows it (tasks/explore/state.py), and the same as an address.

export const start = () => ({
  first: { seed: 0, picture: 0, steps: [] }, second: null, share: 0, truncation: 1, conditions: {}, directions: {},
});

const walked = (origin) => [origin.seed, origin.picture, ...origin.steps.map((step) => `${step.to}_${step.far}`)].join('.').replaceAll('_0.', '_');

function unwalked(text) {
  const [seed, picture, ...steps] = text.split('.');
  return {
    seed: Number(seed), picture: Number(picture),
    steps: steps.map((step) => { const [to, far] = step.split('_'); return { to: Number(to), far: far === '1' ? 1 : Number(`0.${far}`) }; }),
  };
}

// "#v=local&d=0123456789ab&p=0.12.3_25&c.hair_length=0.7": numbers of attributes are known by the model, so all values are text here.
export function toFragment(name, digest, state) {
  const parts = new URLSearchParams({ v: name, d: digest.slice(0, 12), p: walked(state.first) });
  if (state.second) { parts.set('q', walked(state.second)); parts.set('s', state.share); }
  if (state.truncation !== 1) parts.set('t', state.truncation);
  for (const [key, value] of Object.entries(state.conditions)) parts.set(`c.${key}`, value);
  for (const [key, value] of Object.entries(state.directions)) parts.set(`x.${key}`, value);
  return `#${parts}`;
}

export function fromFragment(text) {
  const parts = new URLSearchParams(text.replace(/^#/, '')), state = start();
  if (parts.has('p')) state.first = unwalked(parts.get('p'));
  if (parts.has('q')) { state.second = unwalked(parts.get('q')); state.share = Number(parts.get('s') ?? 0); }
  if (parts.has('t')) state.truncation = Number(parts.get('t'));
  for (const [key, value] of parts) {
    if (key.startsWith('c.')) state.conditions[key.slice(2)] = value;
    if (key.startsWith('x.')) state.directions[key.slice(2)] = Number(value);
  }
  return { name: parts.get('v'), digest: parts.get('d'), state };
}

// A state for this model: what it does not have is left out, and named.
export function fitted(state, model) {
  const left = [], conditions = {}, directions = {};
  const known = new Map(model.attributes.map((one) => [one.name, one])), ways = new Map(model.directions.map((one) => [one.name, one]));
  for (const [name, value] of Object.entries(state.conditions)) {
    if (name === model.sentence) { conditions[name] = String(value); continue; }
    const one = known.get(name);
    if (one?.values ? one.values.includes(String(value)) : one && Number(value) >= one.low && Number(value) <= one.high) {
      conditions[name] = one.values ? String(value) : Number(value);
    } else left.push(name);
  }
  for (const [name, value] of Object.entries(state.directions)) {
    const one = ways.get(name);
    if (one && value >= one.low && value <= one.high) directions[name] = value; else left.push(name);
  }
  return { state: { ...state, conditions, directions }, left };
}

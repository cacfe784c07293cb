// The explorer: a state, a model, and a picture of both. What changes the state draws; once all is quiet, what lies around is drawn, too.

import { Refused, get, post, sendFile } from './server.js';
import { fitted, fromFragment, start, toFragment } from './state.js';
import { address, byId, controlRow, described, made, said, showTiles, shown, withArrows } from './view.js';

const QUIET = 180, WAYS = 8, SHOTS = 8, FIRST = 6;

let model = null, name = 'local', state = start(), values = {}, far = 0.4, swept = '';
let rows = new Map(), ways = new Map();
let drawing = false, again = false, quiet = 0, around = null, told = '';

// ---- the state, and what follows from it

function change(parts, { push = false } = {}) {
  state = { ...state, ...parts };
  say('');
  note(push);
  showControls();
  drawSoon();
}

function note(push) {
  const fragment = toFragment(name, model.digest, state);
  if (fragment === location.hash) return;
  history[push ? 'pushState' : 'replaceState']({ depth: (history.state?.depth ?? 0) + (push ? 1 : 0) }, '', fragment);
  byId('back').disabled = !history.state.depth;
}

const asked = (more) => ({ model: name, digest: model.digest, ...more });

async function drawSoon() {
  document.body.dataset.state = 'drawing';
  clearTimeout(quiet);
  around?.abort();
  if (drawing) { again = true; return; }
  drawing = true;
  try {
    const { pictures } = await (await post('/api/draw', asked({ states: [state] }))).json();
    values = pictures[0].values;
    byId('portrait').src = address(pictures[0].png);
    byId('portrait').alt = `The portrait: ${described(values) || 'no attributes are known'}`;
    byId('caption').textContent = described(values) || `Picture ${state.first.picture} of seed ${state.first.seed}`;
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
    showControls();
    quiet = setTimeout(drawAround, QUIET);
    trouble('');
  } catch (error) { failed(error); } finally {
    drawing = false;
    if (again) { again = false; drawSoon(); }
  }
}

// Neighbours, the swept value, the way to the other portrait: one question for all of them; then what is said of the portrait.
async function drawAround() {
  document.body.dataset.state = 'drawing';
  around = new AbortController();
  const { signal } = around, groups = [neighbours(), sweep(), strip()];
  byId('verdict').textContent = 'Looking …';
  const inspecting = post('/api/inspect', asked({ state }), signal).then((answer) => answer.json());
  inspecting.catch(() => {});
  try {
    const { pictures } = await (await post('/api/draw', asked({ states: groups.flatMap((group) => group.shots.map((shot) => shot.state)) }), signal)).json();
    for (const { box, shots } of groups) {
      showTiles(box, pictures.splice(0, shots.length).map((picture, place) => ({ ...picture, ...shots[place], label: shots[place].label(picture.values) })));
    }
    announce();
    standing(await inspecting);
    document.body.dataset.state = 'settled';
  } catch (error) { if (error.name !== 'AbortError') failed(error); }
}

function neighbours() {
  const shots = Array.from({ length: WAYS }, (_, to) => {
    const first = { ...state.first, steps: [...state.first.steps, { to, far }] };
    const differs = (there) => described(there, values);
    return { state: { ...state, first }, choose: () => change({ first }, { push: true }), label: (there) => `Neighbour ${to + 1}${differs(there) ? `: ${differs(there)}` : ''}` };
  });
  return { box: byId('neighbours'), shots: state.first.steps.length < 200 ? shots : [] };
}

function sweep() {
  const one = model.attributes.find((attribute) => attribute.name === swept)
    ?? model.directions.find((way) => `→ ${way.name}` === swept);
  if (!one) return { box: byId('sweep'), shots: [] };
  const part = model.attributes.includes(one) ? 'conditions' : 'directions', now = part === 'conditions' ? values[one.name] : state.directions[one.name] ?? 0;
  const all = one.values?.slice(0, 12) ?? Array.from({ length: SHOTS }, (_, place) => one.low + (place * (one.high - one.low)) / (SHOTS - 1));
  const nearest = one.values ? all.indexOf(now) : nearestTo(now, all);
  const shots = all.map((value, place) => ({
    state: { ...state, [part]: { ...state[part], [one.name]: value } }, text: String(shown(value)), current: place === nearest,
    choose: () => change({ [part]: { ...state[part], [one.name]: value } }, { push: true }), label: () => `${said(one.name)} ${shown(value)}`,
  }));
  return { box: byId('sweep'), shots };
}

function strip() {
  const shares = state.second ? Array.from({ length: SHOTS }, (_, place) => Number((place / (SHOTS - 1)).toFixed(2))) : [];
  const nearest = nearestTo(state.share, shares);
  const shots = shares.map((share, place) => ({
    state: { ...state, share }, text: percent(share), current: place === nearest,
    choose: () => change({ share }, { push: true }), label: () => `${percent(share)} of the way to the other portrait`,
  }));
  return { box: byId('strip'), shots };
}

const nearestTo = (goal, all) => all.reduce((best, value, place) => (Math.abs(value - goal) < Math.abs(all[best] - goal) ? place : best), 0);
const percent = (share) => `${Math.round(100 * share)} %`;

// ---- what is said

function standing({ score, above, near, ratio, threshold, copy, trouble: why }) {
  const verdict = byId('verdict');
  verdict.className = copy ? 'copy' : 'soft';
  verdict.textContent = why || (copy
    ? `Taken for a copy: its distance to the nearest training picture is ${shown(ratio)} of what is usual there (a copy: up to ${shown(threshold)}).`
    : `No copy: these training pictures are most like it, the first at ${shown(ratio)} of the distance that is usual there (a copy: up to ${shown(threshold)}).`);
  byId('near').replaceChildren(...near.map(({ row, png }) => made('li', {}, made('img', { class: 'pixels', src: address(png), alt: `Training picture ${row}`, title: `Training picture ${row}` }))));
  byId('score').textContent = score === null ? '' : `The discriminator's score is ${shown(score)}: above ${percent(above)} of what this model draws.`;
}

function announce() {
  const text = described(values);
  if (text !== told && text) byId('heard').textContent = `Now: ${text}.`;
  told = text;
}

function say(text) { byId('said').textContent = text; }

function trouble(text) {
  const box = byId('trouble');
  if (box.textContent !== text) box.textContent = text;
  box.hidden = !text;
}

function failed(error) {
  if (error instanceof Refused && error.status === 409) { openModel(name, state, error.message); return; }
  if (!(error instanceof Refused)) console.error(error);
  trouble(error instanceof Refused ? error.message : 'Something broke on this page. Reload it.');
}

// ---- controls

function buildControls() {
  rows = new Map(model.attributes.map((one, place) => [one.name, controlRow(`attribute-${place}`, one.name, {
    ...one, change: (value) => change({ conditions: { ...state.conditions, [one.name]: value } }),
    hold: () => { one.name in state.conditions ? free(one.name) : change({ conditions: { ...state.conditions, [one.name]: values[one.name] } }, { push: true }); },
  })]));
  ways = new Map(model.directions.map((one, place) => [one.name, controlRow(`direction-${place}`, one.name, {
    ...one, change: (value) => change({ directions: { ...state.directions, [one.name]: value } }),
  })]));
  byId('attributes').replaceChildren(...[...rows.values()].map((one) => one.row));
  const all = [...ways.values()].map((one) => one.row), more = all.splice(FIRST);
  byId('directions').replaceChildren(...all, ...(more.length ? [made('details', {}, made('summary', {}, `${more.length} more`), ...more)] : []));
  byId('asking').hidden = !rows.size;
  byId('steering').hidden = !ways.size;
  byId('wishes').hidden = !rows.size;
  const choices = [...rows.keys(), ...[...ways.keys()].map((way) => `→ ${way}`)];
  if (!choices.includes(swept)) swept = model.attributes.find((one) => !one.values)?.name ?? choices[0] ?? '';
  byId('swept').replaceChildren(...choices.map((choice) => made('option', { value: choice }, said(choice))));
  byId('swept').value = swept;
  byId('sweeping').hidden = !choices.length;
}

function free(...names) {
  const conditions = { ...state.conditions };
  for (const one of names) delete conditions[one];
  change({ conditions }, { push: true });
}

function set(id, value, text = value) {
  const control = byId(id);
  if (control !== document.activeElement || control.type === 'range') control.value = value;
  if (byId(`${id}-value`)) { byId(`${id}-value`).textContent = text; control.setAttribute('aria-valuetext', text); }
}

function showControls() {
  for (const [one, row] of rows) {
    const value = state.conditions[one] ?? values[one];
    if (value !== undefined) row.set(value, one in state.conditions);
  }
  for (const [one, row] of ways) row.set(state.directions[one] ?? 0);
  set('seed', state.first.seed);
  set('picture', state.first.picture);
  set('truncation', state.truncation, shown(state.truncation));
  set('far', far, percent(far));
  set('share', state.share, percent(state.share));
  byId('mixing').hidden = byId('unmix').hidden = !state.second;
  byId('mix-note').hidden = Boolean(state.second);
}

const listen = (id, event, action) => byId(id).addEventListener(event, action);

function onNumber(id, most) {
  listen(id, 'change', () => {
    const value = Math.trunc(Number(byId(id).value));
    if (byId(id).value === '' || !(value >= 0 && value <= most)) { say(`A whole number from 0 to ${most} is needed here.`); byId(id).value = state.first[id]; return; }
    change({ first: { ...state.first, [id]: value, steps: [] } }, { push: true });
  });
}

function listenToAll() {
  for (const id of ['neighbours', 'sweep', 'strip']) withArrows(byId(id));
  onNumber('seed', Number.MAX_SAFE_INTEGER);
  onNumber('picture', 999999);
  listen('truncation', 'input', () => change({ truncation: Number(byId('truncation').value) }));
  listen('share', 'input', () => change({ share: Number(byId('share').value) }));
  listen('far', 'input', () => { far = Number(byId('far').value); showControls(); clearTimeout(quiet); quiet = setTimeout(drawAround, QUIET); });
  listen('swept', 'change', () => { swept = byId('swept').value; drawAround(); });
  listen('another', 'click', () => change({ first: { seed: state.first.seed, picture: (state.first.picture + 1) % 1e6, steps: [] } }, { push: true }));
  listen('back', 'click', () => history.back());
  listen('hold-all', 'click', () => change({ conditions: { ...values, ...state.conditions } }, { push: true }));
  listen('free-all', 'click', () => free(...rows.keys(), model.sentence));
  listen('level', 'click', () => change({ directions: {} }, { push: true }));
  listen('keep', 'click', () => { change({ second: state.first, share: 0 }, { push: true }); say('Kept. Go to another portrait, then walk to the one that is kept.'); });
  listen('unmix', 'click', () => change({ second: null, share: 0 }, { push: true }));
  listen('words', 'submit', (event) => { event.preventDefault(); byWords(); });
  listen('save', 'click', save);
  listen('link', 'click', copyLink);
  listen('file', 'change', () => { openFile(byId('file').files[0]); byId('file').value = ''; });
  listen('version', 'change', () => openModel(byId('version').value, state));
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => { event.preventDefault(); openFile(event.dataTransfer.files[0]); });
  addEventListener('popstate', restore);
}

async function byWords() {
  const box = byId('understood');
  try {
    const { conditions, read, unread } = await (await post('/api/text', asked({ text: byId('text').value }))).json();
    const parts = [read.length ? `Understood: ${read.map(([words, meaning]) => `“${words}” (${meaning})`).join(', ')}.` : 'Nothing of it names a value of this model.'];
    if (unread.length) parts.push(`Not understood: ${unread.join(', ')}.`);
    box.textContent = parts.join(' ');
    box.hidden = false;
    if (read.length) change({ conditions: { ...state.conditions, ...conditions } }, { push: true });
  } catch (error) { failed(error); }
}

// ---- saving, opening, links

async function save() {
  try {
    const answer = await post('/api/save', asked({ state }));
    const link = made('a', { href: URL.createObjectURL(await answer.blob()), download: `portrait-${state.first.seed}-${state.first.picture}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say('Saved. The file carries its recipe: Open PNG restores it.');
  } catch (error) { failed(error); }
}

async function openFile(file) {
  if (!file) return;
  try {
    const found = await sendFile('/api/open', file);
    const here = found.digest === model.digest ? name : found.model;
    await openModel(here ?? name, found.state, here ? '' : 'This picture was drawn by a model that is not here; this one may draw something else.', true);
    if (here) say('Opened: this is the portrait of that file.');
  } catch (error) { failed(error); }
}

async function copyLink() {
  try { await navigator.clipboard.writeText(location.href); say('The link is copied. It restores this portrait on this machine.'); } catch { say(`This is the link: ${location.href}`); }
}

async function restore() {
  const wanted = fromFragment(location.hash);
  byId('back').disabled = !history.state?.depth;
  if (!model || (wanted.name && wanted.name !== name)) { await openModel(wanted.name ?? 'local', wanted.state); return; }
  state = fitted(wanted.state, model).state;
  showControls();
  drawSoon();
}

// ---- models

async function openModel(wanted, wish, remark = '', push = false) {
  byId('about').textContent = 'Opening …';
  try {
    const found = await get(`/api/model/${encodeURIComponent(wanted)}`);
    [model, name] = [found, wanted];
    byId('stage').hidden = byId('controls').hidden = false;
  } catch (error) {
    byId('version').value = name;
    byId('about').textContent = model ? about() : '';
    failed(error);
    return;
  }
  const { state: fits, left } = fitted(wish, model);
  values = {};
  buildControls();
  byId('version').value = name;
  byId('about').textContent = about();
  change(fits, { push });
  say([remark, left.length ? `This model does not have: ${left.map(said).join(', ')}.` : '', ...model.trouble].filter(Boolean).join('\n'));
}

const about = () => [model.method, `${model.size} × ${model.size} pixels`, model.kimg ? `${shown(model.kimg)} thousand pictures shown` : '', model.digest.slice(0, 12)].filter(Boolean).join(' · ');

function listVersions({ versions, trouble: why }) {
  const champion = versions.find((version) => version.champion);
  const options = [['local', 'this project’s'], ...(champion ? [['champion', `champion (version ${champion.number})`]] : []), ...versions.map((version) => [version.number, `version ${version.number}`])];
  byId('version').replaceChildren(...options.map(([value, text]) => made('option', { value }, text)));
  byId('version').value = name;
  if (why) say(why);
  return champion;
}

async function begin() {
  listenToAll();
  listVersions({ versions: [], trouble: '' });
  const wanted = fromFragment(location.hash);
  name = wanted.name ?? 'local';
  const listing = get('/api/versions').then(listVersions).catch(failed);
  await openModel(name, wanted.state);
  if (model && wanted.digest && !model.digest.startsWith(wanted.digest)) say('This link was made with another model; the portrait may be another one.');
  const champion = await listing;
  for (const other of ['local', ...(champion ? ['champion'] : [])]) {
    if (!model && other !== wanted.name) await openModel(other, wanted.state, byId('trouble').textContent);
  }
}

begin();

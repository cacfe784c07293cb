// Parts of the page. All text of labels goes through textContent and attributes: none is ever read as HTML.

export const byId = (id) => document.getElementById(id);
export const said = (name) => name.replaceAll('_', ' ');
export const shown = (value) => (typeof value === 'number' ? String(Number(value.toPrecision(3))) : value);
export const address = (png) => `data:image/png;base64,${png}`;

export function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Values in words; beside others, only those that differ.
export function described(values, others) {
  const parts = Object.entries(values).filter(([name, value]) => !others || shown(others[name]) !== shown(value));
  return parts.map(([name, value]) => `${said(name)} ${shown(value)}`).join(', ');
}

// Pictures to choose from: [{png, label, text, current, choose}]. One stop of the Tab key, arrow keys between them.
export function showTiles(box, tiles) {
  const had = [...box.children].findIndex((tile) => tile === document.activeElement);
  const first = Math.max(0, had >= 0 ? had : tiles.findIndex((tile) => tile.current));
  box.replaceChildren(...tiles.map((tile, place) => made('button', {
    type: 'button', class: 'tile', 'aria-label': tile.label, title: tile.label, tabindex: place === first ? '0' : '-1',
    'aria-current': tile.current ? 'true' : undefined, onclick: tile.choose,
  }, made('img', { class: 'pixels', src: address(tile.png), alt: '', draggable: 'false' }), ...(tile.text ? [made('span', {}, tile.text)] : []))));
  if (had >= 0) box.children[Math.min(had, tiles.length - 1)]?.focus({ preventScroll: true });
}

export function withArrows(box) {
  box.addEventListener('keydown', (event) => {
    const tiles = [...box.children], here = tiles.indexOf(document.activeElement);
    const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length;
    const moves = { ArrowRight: here + 1, ArrowLeft: here - 1, ArrowDown: here + columns, ArrowUp: here - columns, Home: 0, End: tiles.length - 1 };
    const goal = tiles[moves[event.key]];
    if (here < 0 || !(event.key in moves)) return;
    event.preventDefault();
    if (!goal) return;
    for (const tile of tiles) tile.tabIndex = tile === goal ? 0 : -1;
    goal.focus();
  });
}

// A row of an attribute or a direction: label, value, a button that holds it, and a slider or a list.
export function controlRow(id, name, { values, low, high, hold, change }) {
  const output = made('output', { for: id }), label = made('label', { for: id }, said(name));
  const control = values
    ? made('select', { id }, ...values.map((value) => made('option', { value }, value)))
    : made('input', { id, type: 'range', min: low, max: high, step: 'any' });
  const held = hold && made('button', { type: 'button', 'aria-pressed': 'false', 'aria-label': `Hold ${said(name)}`, onclick: hold }, 'Hold');
  control.addEventListener('input', () => change(values ? control.value : rounded(Number(control.value), low, high)));
  if (!values) control.addEventListener('keydown', (event) => byKey(event, control, low, high));
  const row = made('div', { class: 'row' }, label, output, ...(held ? [held] : []), control);
  return {
    row, control,
    set(value, isHeld) {
      if (control.value !== String(value)) control.value = value;
      output.textContent = values ? '' : shown(value);
      if (!values) control.setAttribute('aria-valuetext', shown(value));
      held?.setAttribute('aria-pressed', String(Boolean(isHeld)));
    },
  };
}

// As many digits as matter, still within the bounds.
const rounded = (value, low, high) => Math.min(high, Math.max(low, Number(value.toPrecision(4))));

// A slider without steps has no keys of its own that are of use: a fiftieth, a tenth, the ends.
function byKey(event, control, low, high) {
  const step = (high - low) / 50, now = Number(control.value);
  const goals = { ArrowRight: now + step, ArrowUp: now + step, ArrowLeft: now - step, ArrowDown: now - step, PageUp: now + 5 * step, PageDown: now - 5 * step, Home: low, End: high };
  if (!(event.key in goals)) return;
  event.preventDefault();
  control.value = Math.min(high, Math.max(low, goals[event.key]));
  control.dispatchEvent(new Event('input'));
}

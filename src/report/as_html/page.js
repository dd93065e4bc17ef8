'use strict';
// The lists of the page: search, filter, sort, and what is told of one row. Reads the data elements of this file and
// nothing else; writes text, never markup. A figure is shown as the exact text it came as and never becomes a number.
(() => {
  const ROWS = 200;
  const OPTIONS_MAX = 40;
  const RELATED_MAX = 40;
  const MARKED = new Set(['class', 'severity', 'verdict']);
  const byId = id => document.getElementById(id);
  const page = JSON.parse(byId('data-page').textContent);
  const lists = new Map(page.lists.map(list => [list.name, list]));
  const kinds = new Map(page.lists.map(list => [list.kind, list]));
  const state = {list: null, search: '', filters: new Map(), sort: null, from: 0, rows: []};

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
      else if (value !== null) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  // Data: each list is read when it is first asked for.
  function read(list) {
    if (list.columns) return list;
    list.columns = JSON.parse(byId('data-' + list.name).textContent);
    list.places = new Map(list.columns.map((column, place) => [column.name, place]));
    return list;
  }

  const cell = (column, row) => column.d ? column.d[column.i[row]] : column.v[row];

  function value(list, name, row) {
    const place = list.places.get(name);
    return place === undefined ? '' : cell(list.columns[place], row);
  }

  const key = (list, row) => list.key.map(name => value(list, name, row)).join('/');

  function places(list) {
    if (!read(list).keys) {
      list.keys = new Map();
      for (let row = 0; row < list.rows; row++) {
        const of = key(list, row);
        if (list.keys.has(of)) list.keys.get(of).push(row); else list.keys.set(of, [row]);
      }
    }
    return list.keys;
  }

  const knows = (name, id) => lists.has(name) && places(lists.get(name)).has(id);

  // What is searched, and for what: figures are found as they are shown, with commas, and as they are in the papers.
  const searched = text => text.toLowerCase().replace(/(\d),(?=\d|$)/g, '$1');

  function haystack(list, row) {
    list.texts ||= new Array(list.rows);
    return list.texts[row] ??= searched(list.columns.map(column => cell(column, row)).join('\n'));
  }

  // Figures: decimal texts, compared digit by digit.
  function compare(a, b) {
    if (a === '' || b === '') return (a !== '') - (b !== '');
    const [minus, other] = [a.startsWith('-'), b.startsWith('-')];
    if (minus !== other) return minus ? -1 : 1;
    if (minus) [a, b] = [b.slice(1), a.slice(1)];
    const [[whole, part = ''], [against, rest = '']] = [a.split('.'), b.split('.')];
    if (whole.length !== against.length) return whole.length - against.length;
    const digits = Math.max(part.length, rest.length);
    const [left, right] = [whole + part.padEnd(digits, '0'), against + rest.padEnd(digits, '0')];
    return left < right ? -1 : Number(left > right);
  }

  function grouped(text) {
    const [whole, part] = text.split('.');
    const shown = whole.replace(/\B(?=(\d{3})+$)/g, ',');
    return part === undefined ? shown : shown + '.' + part;
  }

  // What is shown of the list that is chosen.
  function select() {
    const list = read(state.list);
    const words = state.search.split(/\s+/).filter(word => word !== '').map(searched);
    const tests = [...state.filters].map(([name, wanted]) => test(list, name, wanted));
    const rows = [];
    for (let row = 0; row < list.rows; row++) {
      if (tests.every(passes => passes(row)) && words.every(word => haystack(list, row).includes(word))) rows.push(row);
    }
    if (state.sort) {
      const {column, descending} = state.sort;
      const by = column.numeric ? compare : (a, b) => a < b ? -1 : Number(a > b);
      rows.sort((a, b) => {
        const order = by(cell(column, a), cell(column, b));
        return (descending ? -order : order) || a - b;
      });
    }
    state.rows = rows;
    state.from = 0;
  }

  // A filter wants a part of the text, as somebody types it, or exact values: one of some, none of others.
  function test(list, name, {part, of, not}) {
    const column = list.columns[list.places.get(name)];
    if (part !== undefined) return row => cell(column, row).toLowerCase().includes(part);
    return row => !not.includes(cell(column, row)) && (of.length === 0 || of.includes(cell(column, row)));
  }

  const exactly = value => ({of: [value], not: []});

  // The words a filter offers; nothing where there are too many of them.
  function options(column) {
    if (column.options === undefined) {
      const words = new Set(column.d || column.v);
      column.options = words.size <= OPTIONS_MAX ? [...words].sort() : null;
    }
    return column.options;
  }

  function draw() {
    drawTable();
    const [list, all] = [state.list, state.rows.length];
    const last = Math.min(state.from + ROWS, all);
    const ids = new Set(state.rows.map(row => key(list, row))).size;
    const many = number => grouped(String(number));
    let told = `${list.title}: ${many(state.from + 1)} to ${many(last)} of ${many(all)} rows`;
    if (all === 0) told = list.rows === 0 ? 'This list is empty' : 'No row matches';
    if (ids !== all) told += ` on ${many(ids)} ${list.noun}${ids === 1 ? '' : 's'}`;
    if (all !== list.rows) told += `; ${many(list.rows)} without filters`;
    byId('count').textContent = told + '.';
    const step = (title, from, off) => element('button', {type: 'button', disabled: off ? '' : null, onclick: () => { state.from = from; draw(); byId('count').focus(); }}, title);
    byId('pages').replaceChildren(
      step('Back', state.from - ROWS, state.from === 0),
      step('Further', state.from + ROWS, last >= all),
    );
    byId('pages').hidden = all <= ROWS;
  }

  function drawTable(rows = ROWS) {
    const list = state.list;
    const columns = list.shown.map(name => list.columns[list.places.get(name)]).filter(column => column);
    const head = element('tr', {role: 'row'}, ...columns.map(header));
    const body = element('tbody', {role: 'rowgroup'});
    for (const row of state.rows.slice(state.from, state.from + rows)) {
      const cells = columns.map((column, place) => drawCell(list, column, row, place === 0));
      body.append(element('tr', {role: 'row'}, ...cells));
    }
    const table = byId('list');
    table.setAttribute('role', 'table');
    table.replaceChildren(element('caption', {}, list.title), element('thead', {role: 'rowgroup'}, head), body);
  }

  function header(column) {
    const sorted = state.sort && state.sort.column === column;
    const order = sorted ? (state.sort.descending ? 'descending' : 'ascending') : 'none';
    const sort = () => {
      state.sort = {column, descending: sorted ? !state.sort.descending : Boolean(column.numeric)};
      select();
      draw();
      byId('list').querySelector(`[data-sort="${CSS.escape(column.name)}"]`).focus();
    };
    const button = element('button', {type: 'button', 'data-sort': column.name, onclick: sort}, column.title);
    return element('th', {scope: 'col', role: 'columnheader', 'aria-sort': order, class: column.numeric ? 'number' : null}, button);
  }

  function drawCell(list, column, row, first) {
    const text = cell(column, row);
    const side = text === '' ? 'blank' : column.numeric ? 'number' : text.length > 24 ? 'text' : null;
    const tag = first ? 'th' : 'td';
    const attributes = {class: side, 'data-label': column.title, role: first ? 'rowheader' : 'cell', scope: first ? 'row' : null};
    return element(tag, attributes, shown(list, column, row, first));
  }

  // One value: a figure, a word with its mark, or a text that leads on where the page tells more of it.
  function shown(list, column, row, first) {
    const text = cell(column, row);
    if (column.numeric) return element('span', {}, grouped(text));
    if (MARKED.has(column.name)) {
      const word = column.name === 'class' ? value(list, 'severity', row) : text;
      const [mark, reason] = [{class: 'mark ' + word.replace(/[^a-z-]/g, ''), title: word}, reasons(list, column, row)];
      return reason ? element('a', {...mark, href: reason}, text) : element('span', mark, text);
    }
    const words = element('bdi', {}, text);
    const href = first ? hash(list, row) : leads(list, column, row);
    return href && text !== '' ? element('a', {href}, words) : words;
  }

  const hash = (list, row) => `#${list.kind}:${encodeURIComponent(key(list, row))}`;

  function leads(list, column, row) {
    const text = cell(column, row);
    const to = (name, kind) => list.name !== name && knows(name, text) ? `#${kind}:${encodeURIComponent(text)}` : null;
    if (column.name === 'account') return to('accounts', 'account');
    if (column.name === 'break_id' || column.name === 'by') return to('breaks', 'break');
    return null;
  }

  // What a verdict rests on: the findings of the account, also those that name no direction, and those that name no account.
  function reasons(list, column, row) {
    const judged = column.name === 'verdict' && ['accounts', 'tie_outs'].includes(list.name) && cell(column, row) !== 'tied-out';
    return judged ? filtered('breaks', 'account', value(list, 'account', row)) + '&account=' : null;
  }

  const filtered = (list, column, value) => `#list:${list}?${column}=${encodeURIComponent(value)}`;

  // The frame: which list, and its filters.
  function choose(list, filters = new Map()) {
    Object.assign(state, {list: read(list), search: '', filters, sort: null});
    for (const button of byId('choice').children) button.setAttribute('aria-pressed', String(button.dataset.list === list.name));
    drawFilters();
    select();
    draw();
  }

  function drawChoice() {
    byId('choice').replaceChildren(...page.lists.map(it => element(
      'button', {type: 'button', 'data-list': it.name, onclick: () => choose(it)}, `${it.title} ${grouped(String(it.rows))}`,
    )));
  }

  function drawFilters() {
    const list = state.list;
    const apply = () => { select(); draw(); };
    const search = element('input', {type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false', oninput: event => { state.search = event.target.value; apply(); }});
    const set = (name, wanted) => {
      if (wanted) state.filters.set(name, wanted);
      else state.filters.delete(name);
      apply();
    };
    const filters = list.filters.filter(name => list.places.has(name)).map(name => {
      const column = list.columns[list.places.get(name)];
      return element('label', {}, column.title, filter(name, options(column), set));
    });
    const clear = element('button', {type: 'button', id: 'clear', onclick: () => { choose(list); byId('search').focus(); }}, 'Clear');
    byId('filters').replaceChildren(element('label', {class: 'wide'}, 'Search', search), ...filters, clear);
  }

  const named = value => value === '' ? '(none)' : value;

  // A filter as words to choose from, where there are few; else to type into. What a link asks for is a choice of its own.
  function filter(name, words, set) {
    const [wanted, id] = [state.filters.get(name), 'filter-' + name];
    if (!words && (!wanted || wanted.part !== undefined)) {
      const typed = event => set(name, event.target.value === '' ? null : {part: event.target.value.toLowerCase()});
      return element('input', {type: 'search', id, autocomplete: 'off', spellcheck: 'false', oninput: typed});
    }
    const choices = [['all', null], ...(words || []).map(word => [named(word), exactly(word)])];
    let at = wanted ? choices.findIndex(([, it]) => it && wanted.not.length === 0 && wanted.of.length === 1 && it.of[0] === wanted.of[0]) : 0;
    if (at < 0) at = choices.push([[...wanted.of.map(named), ...wanted.not.map(value => 'all but ' + named(value))].join(' or '), wanted]) - 1;
    const picked = event => {
      set(name, choices[event.target.selectedIndex][1]);
      if (words || state.filters.has(name)) return;
      drawFilters();
      byId(id).focus();
    };
    return element('select', {id, onchange: picked}, ...choices.map(([told], place) => element('option', {selected: place === at ? '' : null}, told)));
  }

  // What is told of one row: every value it has, what to type to see its entries, and what else speaks of its account.
  function tell(list, id) {
    const rows = places(list).get(id) || [];
    const body = byId('detail-body');
    const name = rows.length > 0 ? value(list, 'name', rows[0]) : '';
    byId('detail-title').replaceChildren(`${list.noun} ${id}`, ...(name === '' ? [] : [', ', element('bdi', {}, name)]));
    body.replaceChildren();
    if (rows.length === 0) body.append(element('p', {}, 'This run has nothing of this name.'));
    else if (list.explained !== null) {
      const code = element('code', {'data-explain': list.explained + id});
      body.append(element('p', {class: 'command'}, 'Every entry behind it: ', code));
      command(code);
    }
    rows.slice(0, RELATED_MAX).forEach((row, number) => {
      if (number > 0) body.append(element('h3', {}, `${number + 1} of ${rows.length}`));
      body.append(values(list, row));
    });
    const accounts = new Set(rows.map(row => value(list, 'account', row)).filter(account => account !== ''));
    if (accounts.size === 1) body.append(...related(list, [...accounts][0]));
    const detail = byId('detail');
    if (!detail.open) detail.showModal();
    // The link that led here may be gone with what was told before.
    byId('detail-title').focus();
    detail.scrollTop = 0;
  }

  function values(list, row) {
    const told = list.columns.filter(column => cell(column, row) !== '');
    return element('dl', {}, ...told.map(column => element(
      'div', {}, element('dt', {}, column.title), element('dd', {}, shown(list, column, row, false)),
    )));
  }

  function related(list, account) {
    const found = [];
    for (const other of page.lists) {
      if (other === list || !read(other).places.has('account')) continue;
      const column = other.columns[other.places.get('account')];
      const ids = new Map();
      for (let row = 0; row < other.rows; row++) if (cell(column, row) === account) ids.set(key(other, row), row);
      if (ids.size === 0) continue;
      const links = [...ids].slice(0, RELATED_MAX).map(([id, row]) => element(
        'li', {}, element('a', {href: hash(other, row)}, element('bdi', {}, id)), ' ', value(other, 'class', row),
      ));
      if (ids.size > RELATED_MAX) links.push(element('li', {}, element('a', {href: filtered(other.name, 'account', account)}, 'all of them')));
      found.push(element('h3', {}, `${other.title} of ${account}: ${grouped(String(ids.size))}`), element('ul', {class: 'related'}, ...links));
    }
    return found;
  }

  // What to type: the folder of the run is known where the page was opened from it.
  function folder() {
    // A drive of Windows stands behind a stroke in an address, and before it nowhere else.
    const path = location.protocol === 'file:' ? decoded(location.pathname).replace(/^\/(?=[A-Za-z]:\/)/, '') : '';
    const end = path.lastIndexOf('/');
    return end > 0 ? path.slice(0, end) : page.run;
  }

  const quoted = word => /^[\w./:@+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

  function command(code) {
    const text = `tieout explain ${quoted(folder())} ${quoted(code.dataset.explain)}`;
    code.textContent = text;
    const button = element('button', {type: 'button', class: 'copy', onclick: () => copy(code, button)}, 'Copy');
    code.after(button);
  }

  async function copy(code, button) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = 'Selected';
    }
  }

  // Links: `#list:breaks?class=timing` chooses and filters, `#break:B-…` tells of one row. A column named twice may be
  // either value, one led by `!` must not be it.
  function route() {
    const text = location.hash.slice(1);
    const [, name, query] = /^list:([a-z_]+)(?:\?(.*))?$/.exec(text) || [];
    const [, kind, id] = /^([a-z-]+):(.+)$/.exec(text) || [];
    if (lists.has(name)) {
      const list = read(lists.get(name));
      if (byId('detail').open) byId('detail').close();
      choose(list, asked(list, new URLSearchParams(query || '')));
      byId('lists').scrollIntoView();
      byId('count').focus({preventScroll: true});
    } else if (kinds.has(kind)) {
      tell(kinds.get(kind), decoded(id));
    } else if (byId('detail').open) {
      byId('detail').close();
    }
  }

  function asked(list, query) {
    const filters = new Map();
    for (const [column, value] of query) {
      if (!list.places.has(column)) continue;
      if (!filters.has(column)) filters.set(column, {of: [], not: []});
      if (value.startsWith('!')) filters.get(column).not.push(value.slice(1));
      else filters.get(column).of.push(value);
    }
    return filters;
  }

  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  // The row is told of no longer, and its name leaves the address, so that the same link works again.
  function left() {
    const [, kind] = /^#([a-z-]+):/.exec(location.hash) || [];
    if (kinds.has(kind)) history.replaceState(null, '', '#lists');
  }

  function leave() {
    byId('detail').close();
    left();
  }

  function start() {
    document.querySelectorAll('code[data-explain]').forEach(command);
    byId('explorer').hidden = false;
    drawChoice();
    choose(page.lists[0]);
    byId('close').addEventListener('click', leave);
    byId('detail').addEventListener('cancel', left);
    byId('detail').addEventListener('click', event => { if (event.target === byId('detail')) leave(); });
    window.addEventListener('hashchange', route);
    // A link to what the address already names changes nothing there, and is meant all the same.
    document.addEventListener('click', event => {
      const link = event.target.closest('a[href^="#"]');
      if (link && link.hash === location.hash) route();
    });
    window.addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(it => { it.open = true; }));
    route();
  }

  start();
})();

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

  function haystack(list, row) {
    list.texts ||= new Array(list.rows);
    return list.texts[row] ??= list.columns.map(column => cell(column, row)).join('\n').toLowerCase();
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
    const words = state.search.toLowerCase().split(/\s+/).filter(word => word !== '');
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

  function test(list, name, wanted) {
    const column = list.columns[list.places.get(name)];
    if (wanted.startsWith('!')) return row => cell(column, row) !== wanted.slice(1);
    if (options(column)) return row => cell(column, row) === wanted;
    const part = wanted.toLowerCase();
    return row => cell(column, row).toLowerCase().includes(part);
  }

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
    let told = all === 0 ? 'No row matches' : `${list.title}: ${many(state.from + 1)} to ${many(last)} of ${many(all)} rows`;
    if (ids !== all) told += `, which are ${many(ids)} different ones`;
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
      return element('span', {class: 'mark ' + word.replace(/[^a-z-]/g, ''), title: word}, text);
    }
    const words = element('bdi', {}, text);
    const href = first ? hash(list, row) : leads(list, column, text);
    return href && text !== '' ? element('a', {href}, words) : words;
  }

  const hash = (list, row) => `#${list.kind}:${encodeURIComponent(key(list, row))}`;

  function leads(list, column, text) {
    const to = (name, kind) => list.name !== name && knows(name, text) ? `#${kind}:${encodeURIComponent(text)}` : null;
    if (column.name === 'account') return to('accounts', 'account');
    if (column.name === 'break_id' || column.name === 'by') return to('breaks', 'break');
    return null;
  }

  // The frame: which list, and its filters.
  function choose(list, filters = new Map()) {
    Object.assign(state, {list: read(list), search: '', filters, sort: null});
    byId('choice').replaceChildren(...page.lists.map(it => element(
      'button',
      {type: 'button', 'aria-pressed': String(it === list), onclick: () => choose(it)},
      `${it.title} ${grouped(String(it.rows))}`,
    )));
    drawFilters();
    select();
    draw();
  }

  function drawFilters() {
    const list = state.list;
    const apply = () => { select(); draw(); };
    const search = element('input', {type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false', oninput: event => { state.search = event.target.value; apply(); }});
    const set = (name, wanted) => {
      if (wanted === null) state.filters.delete(name);
      else state.filters.set(name, wanted);
      apply();
    };
    const filters = list.filters.map(name => {
      const column = list.columns[list.places.get(name)];
      return column && element('label', {}, column.title, filter(name, options(column), set));
    }).filter(it => it);
    const clear = element('button', {type: 'button', id: 'clear', onclick: () => { choose(list); byId('search').focus(); }}, 'Clear');
    byId('filters').replaceChildren(element('label', {class: 'wide'}, 'Search', search), ...filters, clear);
  }

  function filter(name, words, set) {
    const [wanted, id] = [state.filters.get(name), 'filter-' + name];
    if (!words || (wanted !== undefined && wanted.startsWith('!'))) {
      const typed = event => set(name, event.target.value === '' ? null : event.target.value);
      return element('input', {type: 'search', id, value: wanted ?? '', autocomplete: 'off', spellcheck: 'false', oninput: typed});
    }
    const picked = event => set(name, event.target.selectedIndex === 0 ? null : words[event.target.selectedIndex - 1]);
    const choices = words.map(word => element('option', {selected: word === wanted ? '' : null}, word === '' ? '(none)' : word));
    return element('select', {id, onchange: picked}, element('option', {}, 'all'), ...choices);
  }

  // What is told of one row: every value it has, what to type to see its entries, and what else speaks of its account.
  function tell(list, id) {
    const rows = places(list).get(id) || [];
    const body = byId('detail-body');
    byId('detail-title').textContent = `${list.kind} ${id}`;
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
      if (ids.size > RELATED_MAX) links.push(element('li', {}, element('a', {href: `#list:${other.name}?account=${encodeURIComponent(account)}`}, 'all of them')));
      found.push(element('h3', {}, `${other.title} of ${account}: ${grouped(String(ids.size))}`), element('ul', {class: 'related'}, ...links));
    }
    return found;
  }

  // What to type: the folder of the run is known where the page was opened from it.
  function folder() {
    const path = location.protocol === 'file:' ? decodeURIComponent(location.pathname) : '';
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

  // Links: `#list:breaks?class=timing` chooses and filters, `#break:B-…` tells of one row.
  function route() {
    const text = location.hash.slice(1);
    const [, name, query] = /^list:([a-z_]+)(?:\?(.*))?$/.exec(text) || [];
    const [, kind, id] = /^([a-z-]+):(.+)$/.exec(text) || [];
    if (lists.has(name)) {
      const list = read(lists.get(name));
      const wanted = [...new URLSearchParams(query || '')].filter(([column]) => list.places.has(column));
      if (byId('detail').open) byId('detail').close();
      choose(list, new Map(wanted));
      byId('lists').scrollIntoView();
      byId('count').focus({preventScroll: true});
    } else if (kinds.has(kind)) {
      tell(kinds.get(kind), decoded(id));
    } else if (byId('detail').open) {
      byId('detail').close();
    }
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

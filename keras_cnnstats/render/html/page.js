"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { layers, types, table, sights, graph } = data;
  const byId = (id) => document.getElementById(id);
  const count = layers.length;

  // Elements. Text from the model goes in as text nodes and attributes alone.

  function filled(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }
  const html = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) =>
    filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const pressOne = (buttons, chosen) => buttons.forEach((each) => each.setAttribute("aria-pressed", each === chosen));

  // One layer is chosen at a time: in the list, the table, the graph, or on the curve.

  let chosen = null;
  const followers = [];
  function choose(place, from) {
    chosen = place;
    followers.forEach((follow) => follow(place, from));
  }

  // Light and dark.

  byId("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  });

  // Shares.

  const views = [...document.querySelectorAll("button[data-view]")];
  views.forEach((button) =>
    button.addEventListener("click", () => {
      pressOne(views, button);
      document.querySelectorAll("ol[data-view]").forEach((list) => (list.hidden = list.dataset.view !== button.dataset.view));
    }),
  );

  // The table: rows are made once, then put in order and hidden.

  (() => {
    const { columns, blocks, codes, total } = table;
    const state = { column: null, direction: 1, words: "", folded: new Set() };
    const isNumber = columns.map((column) => (column.numeric ? "n" : null));
    const texts = layers.map((name, place) => `${name}\n${types[place]}`.toLowerCase());

    const cell = (place, number) => {
      const column = columns[number];
      if (column.title === "Layer") {
        const press = { type: "button", class: "link", onclick: () => choose(place, "table") };
        return html("th", { scope: "row" }, html("button", press, column.cells[place]));
      }
      if (column.title === "Codes") {
        const links = codes[place].map(([code, group]) => html("a", { href: `#d${group}` }, code));
        return html("td", {}, ...links.flatMap((link, index) => (index ? [", ", link] : [link])));
      }
      return html("td", { class: isNumber[number] }, column.cells[place]);
    };
    const made = layers.map((_, place) =>
      html("tr", { "data-row": place }, html("td", { class: "n" }, String(place + 1)), ...columns.map((_, number) => cell(place, number))),
    );
    const headOf = (block, index) => {
      const rest = columns.slice(1).map((column, number) => {
        const kind = ["Params", "MACs", "FLOPs", "Activation bytes"].includes(column.title) ? "" : " leaving";
        return html("td", { class: (isNumber[number + 1] || "") + kind }, block.cells[number + 1]);
      });
      const fold = { type: "button", class: "fold", "aria-expanded": "true", onclick: () => toggle(index) };
      const size = html("span", {}, `${block.stop - block.first} layers`);
      return html("tr", { class: "block" }, html("td", {}), html("th", { scope: "row" }, html("button", fold, block.name, size)), ...rest);
    };
    const heads = blocks.map((block, index) => (block.stop - block.first > 1 ? headOf(block, index) : null));
    blocks.forEach((block, index) => {
      if (heads[index]) for (let place = block.first; place < block.stop; place++) made[place].classList.add("member");
    });

    const titles = [null, ...columns.keys()].map((number) => {
      const title = number === null ? "#" : columns[number].title;
      const name = number === null ? { "aria-label": "Order of execution" } : {};
      const button = html("button", { type: "button", ...name, onclick: () => sort(number) }, title);
      return html("th", { scope: "col", class: number === null || columns[number].numeric ? "n" : null }, button);
    });
    const body = html("tbody");
    const foot = html("tr", {}, html("td"), ...total.map((text, number) => html("td", { class: isNumber[number] }, text)));
    byId("table").append(html("caption", { class: "hidden" }, "Layers"), html("thead", {}, html("tr", {}, ...titles)), body, html("tfoot", {}, foot));

    function ordered() {
      const places = [...layers.keys()];
      if (state.column === null) return state.direction > 0 ? places : places.reverse();
      const { ranks } = columns[state.column];
      // What is unknown stands last whichever way round.
      return places.sort((a, b) => {
        if (ranks[a] === null || ranks[b] === null) return (ranks[a] === null) - (ranks[b] === null) || a - b;
        return state.direction * (ranks[a] - ranks[b]) || a - b;
      });
    }
    function arrange() {
      const inBlocks = state.column === null && state.direction > 0;
      body.classList.toggle("flat", !inBlocks);
      if (inBlocks) {
        body.replaceChildren(...blocks.flatMap((block, index) => [...(heads[index] ? [heads[index]] : []), ...made.slice(block.first, block.stop)]));
      } else body.replaceChildren(...ordered().map((place) => made[place]));
      titles.forEach((title, index) => {
        if ((index ? index - 1 : null) === state.column) title.setAttribute("aria-sort", state.direction > 0 ? "ascending" : "descending");
        else title.removeAttribute("aria-sort");
      });
      show();
    }
    function show() {
      const inBlocks = state.column === null && state.direction > 0;
      const matches = texts.map((text) => text.includes(state.words));
      blocks.forEach((block, index) => {
        const folded = inBlocks && heads[index] && !state.words && state.folded.has(index);
        let any = false;
        for (let place = block.first; place < block.stop; place++) {
          any ||= matches[place];
          made[place].hidden = folded || !matches[place];
        }
        if (heads[index]) {
          heads[index].hidden = !any;
          heads[index].querySelector("button").setAttribute("aria-expanded", String(!folded));
        }
      });
      const found = matches.filter(Boolean).length;
      byId("count").textContent = state.words ? `${found.toLocaleString("en")} of ${count.toLocaleString("en")} layers` : "";
    }
    function sort(number) {
      // Numbers are looked at from the largest down.
      const first = number !== null && columns[number].numeric ? -1 : 1;
      state.direction = state.column === number ? -state.direction : first;
      state.column = number;
      arrange();
    }
    function toggle(index) {
      if (!state.folded.delete(index)) state.folded.add(index);
      show();
    }
    const foldAll = (folded) => {
      state.folded = new Set(folded ? blocks.keys() : []);
      show();
    };
    byId("fold-rows").addEventListener("click", () => foldAll(true));
    byId("unfold-rows").addEventListener("click", () => foldAll(false));
    byId("filter").addEventListener("input", (event) => {
      state.words = event.target.value.trim().toLowerCase();
      show();
    });
    followers.push((place) => made.forEach((row, number) => row.classList.toggle("chosen", number === place)));
    if (!heads.some(Boolean)) byId("fold-rows").hidden = byId("unfold-rows").hidden = true;
    if (count > 40) state.folded = new Set(blocks.keys());
    arrange();
    addEventListener("beforeprint", () => foldAll(false));
  })();

  // Links to a disagreement unfold it.

  function unfoldTarget() {
    const target = byId(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  }
  addEventListener("hashchange", unfoldTarget);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.('a[href^="#d"]')) setTimeout(unfoldTarget);
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));

  // Fields.

  const { axes } = sights;
  const fieldOf = (place, axis, kind = "fields") => sights.fields[sights.rows[place][kind][axis]];
  const differs = (place) => sights.rows[place].local.join() !== sights.rows[place].fields.join();

  /** What an output position sees on an axis: `[first, last]`, or a word for why there are no such numbers. */
  function span(field, position) {
    if (field.size === null) return "unknown";
    if (field.size === "all") return "whole";
    if (field.size === 0) return "nothing";
    const jump = field.jump ?? 0;
    if (field.phases === null || (field.lo === null && !field.phases.length)) return "unplaced";
    if (!field.phases.length) return [field.lo + position * jump, field.lo + field.size - 1 + position * jump];
    const phase = field.phases[position % field.phases.length];
    return phase ? phase.map((end) => end + position * jump) : "nothing";
  }

  const tidy = (value) => String(Math.round(value * 1000) / 1000);

  if (axes.length && count) {
    growth();
    viewer();
  }

  function growth() {
    const shown = (place, axis, kind) => {
      const { size } = fieldOf(place, axis, kind);
      return size === "all" ? Infinity : size;
    };
    const hasFields = (place) => sights.rows[place].fields.length > 0;
    const series = [];
    for (const kind of ["fields", "local"])
      axes.forEach((axis, number) => {
        const all = layers.map((_, place) => (hasFields(place) ? shown(place, number, kind) : null));
        // A global side branch is left out of its own curve, too.
        const values = kind === "local" ? all.map((value) => (value === Infinity ? null : value)) : all;
        const same = series.find((each) => each.kind === kind && each.values.join() === values.join());
        if (same) same.names.push(axis.letter);
        else if (kind === "fields" || layers.some((_, place) => differs(place))) series.push({ kind, values, names: [axis.letter], axis: number });
      });
    const finite = series.flatMap((each) => each.values).filter((value) => value !== null && value !== Infinity && value > 0);
    const sizes = [...new Set(axes.map((axis) => axis.size).filter((size) => size !== null))];
    const most = Math.max(2, ...finite, ...sizes);
    const least = Math.min(1, ...finite);
    const isLog = most / least > 16;
    const hasWhole = series.some((each) => each.values.includes(Infinity));
    const height = 300;
    const room = { left: 58, right: 14, top: hasWhole ? 34 : 14, bottom: 40 };
    const picture = svg("svg", { height, tabindex: 0, role: "slider", "aria-label": "Layer on the curve", "aria-valuemin": 1, "aria-valuemax": count });
    const box = byId("growth");
    box.append(picture);

    const scaleY = (value) => {
      if (value === Infinity) return 16;
      const part = isLog ? Math.log(Math.max(value, least) / least) / Math.log(most / least) : value / most;
      return height - room.bottom - part * (height - room.top - room.bottom);
    };
    const scaleX = (place, width) => room.left + ((place + 0.5) / count) * (width - room.left - room.right);
    const ticks = () => {
      if (isLog) {
        const powers = [];
        const step = Math.log2(most / least) > 9 ? 4 : 2;
        for (let value = 1; value <= most; value *= step) powers.push(value);
        return powers;
      }
      const step = [1, 2, 5, 10].find((each) => most / each <= 6) || 5;
      return Array.from({ length: Math.floor(most / step) + 1 }, (_, number) => number * step);
    };

    function paint() {
      const width = Math.max(box.clientWidth, 240);
      picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      const parts = [];
      const line = (y, kind) => svg("line", { class: kind, x1: room.left, x2: width - room.right, y1: y, y2: y });
      const label = (x, y, text, anchor, kind) => svg("text", { x, y, "text-anchor": anchor, class: kind }, text);
      for (const tick of ticks()) parts.push(line(scaleY(tick), "grid"), label(room.left - 8, scaleY(tick) + 4, tick.toLocaleString("en"), "end"));
      if (hasWhole) parts.push(line(16, "grid"), label(room.left - 8, 20, "whole", "end"));
      sizes.forEach((size, number) => {
        const names = axes.filter((axis) => axis.size === size).map((axis) => axis.letter);
        const of = sizes.length > 1 ? ` (${names.join(", ")})` : "";
        parts.push(line(scaleY(size), "input"), label(room.left + 6 + number * 96, scaleY(size) - 6, `input ${size.toLocaleString("en")}${of}`, "start", "input-text"));
      });
      const each = Math.max(1, Math.ceil(count / Math.max(2, Math.floor(width / 90))));
      for (let place = 0; place < count; place += each) parts.push(label(scaleX(place, width), height - room.bottom + 18, String(place + 1), "middle"));
      parts.push(label((room.left + width) / 2, height - 4, "layer call", "middle"));
      const curves = series.map((one, number) => {
        let path = "";
        let isOpen = false;
        one.values.forEach((value, place) => {
          if (value !== null && value > 0) path += `${isOpen ? "L" : "M"}${scaleX(place, width).toFixed(1)} ${scaleY(value).toFixed(1)}`;
          isOpen = value !== null && value > 0;
        });
        const order = ["", "second", "third"][one.axis === 0 ? 0 : Math.min(number, 2)];
        return svg("path", { d: path || "M0 0", class: `${order} ${one.kind === "local" ? "local" : ""}` });
      });
      // The first axis lies on top of the others.
      parts.push(...curves.reverse());
      if (chosen !== null) {
        const x = scaleX(chosen, width);
        parts.push(svg("line", { class: "now", x1: x, x2: x, y1: 10, y2: height - room.bottom }));
        for (const one of series) if (one.values[chosen] > 0) parts.push(svg("circle", { cx: x, cy: scaleY(one.values[chosen]), r: 5 }));
      }
      picture.replaceChildren(...parts);
    }
    const said = (place) => {
      if (!hasFields(place)) return `${layers[place]}: no field`;
      const texts = (kind) => axes.map((_, number) => fieldOf(place, number, kind).texts[0]).join(" × ");
      return `${place + 1}. ${layers[place]} (${types[place]}): ${texts("fields")}${differs(place) ? `, local ${texts("local")}` : ""}`;
    };
    const names = series.map((one) => `${one.kind === "local" ? "dashed" : one.axis ? "grey" : "line"}: ${one.names.join(", ")}${one.kind === "local" ? " without global side branches" : ""}`);
    const key = series.length > 1 ? ` — ${names.join("; ")}` : "";
    const say = (place) => (byId("growth-says").textContent = said(place) + key);
    const placeAt = (event) => {
      const frame = picture.getBoundingClientRect();
      const part = (event.clientX - frame.left - room.left) / (frame.width - room.left - room.right);
      return clamp(Math.floor(part * count), 0, count - 1);
    };
    picture.addEventListener("pointermove", (event) => say(placeAt(event)));
    picture.addEventListener("pointerleave", () => say(chosen));
    picture.addEventListener("click", (event) => choose(placeAt(event), "growth"));
    picture.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -count, End: count };
      if (!(event.key in steps)) return;
      event.preventDefault();
      choose(clamp(chosen + steps[event.key], 0, count - 1), "growth");
    });
    followers.push((place) => {
      picture.setAttribute("aria-valuenow", place + 1);
      picture.setAttribute("aria-valuetext", said(place));
      say(place);
      paint();
    });
    new ResizeObserver(paint).observe(box);
  }

  // The field on a picture.

  function viewer() {
    const letters = axes.map((axis) => axis.letter);
    const plane = letters.includes("h") && letters.includes("w") ? [letters.indexOf("h"), letters.indexOf("w")] : null;
    const strips = letters.map((_, axis) => axis).filter((axis) => !plane || !plane.includes(axis));
    const position = axes.map(() => 0);
    let own = null;

    const list = byId("layer");
    layers.forEach((name, place) => {
      if (sights.rows[place].fields.length) list.append(html("option", { value: place }, `${place + 1}. ${name}`));
    });
    list.addEventListener("change", () => choose(Number(list.value), "list"));

    const positionsOf = (axis) => sights.rows[chosen].positions[axis] ?? 1;
    const fields = letters.map((letter, axis) => {
      const step = (event) => move(axis, Math.round(Number(event.target.value)) || 0);
      const input = html("input", { type: "number", min: 0, value: 0, "data-axis": letter, oninput: step });
      return { input, label: html("label", {}, axes[axis].name, input) };
    });
    byId("positions").append(...fields.map((field) => field.label));

    function move(axis, to) {
      position[axis] = clamp(to, 0, Math.max(positionsOf(axis) - 1, 0));
      paint();
    }
    if (!plane) document.querySelectorAll(".file").forEach((each) => (each.hidden = true));
    byId("file").addEventListener("change", (event) => {
      if (own) URL.revokeObjectURL(own);
      own = event.target.files[0] ? URL.createObjectURL(event.target.files[0]) : null;
      paint();
    });

    const map = svg("svg", { tabindex: 0, role: "application", "aria-label": "Output positions: the arrow keys choose one" });
    byId("map").append(map);
    const [down, across] = plane || [null, 0];
    map.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [across, -1], ArrowRight: [across, 1], ArrowUp: [down, -1], ArrowDown: [down, 1] };
      const [axis, step] = moves[event.key] || [null, 0];
      if (axis === null) return;
      event.preventDefault();
      move(axis, position[axis] + step);
    });
    const pointed = (picture, event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
      return [point.x, point.y];
    };
    map.addEventListener("click", (event) => {
      const [x, y] = pointed(map, event);
      position[across] = clamp(Math.floor(x), 0, positionsOf(across) - 1);
      if (down !== null) position[down] = clamp(Math.floor(y), 0, positionsOf(down) - 1);
      paint();
    });

    function paintMap() {
      const columns = positionsOf(across);
      const rows = down === null ? Math.max(1, Math.round(columns / 12)) : positionsOf(down);
      map.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
      const parts = [];
      if (Math.max(columns, rows) <= 40) {
        let path = "";
        for (let x = 1; x < columns; x++) path += `M${x} 0V${rows}`;
        for (let y = 1; down !== null && y < rows; y++) path += `M0 ${y}H${columns}`;
        parts.push(svg("path", { class: "cells", d: path || "M0 0" }));
      }
      // Of a large map a single position would be too small to be seen.
      const width = Math.max(1, columns / 40);
      const height = down === null ? rows : Math.max(1, rows / 40);
      const x = position[across] - (width - 1) / 2;
      const y = down === null ? 0 : position[down] - (height - 1) / 2;
      parts.push(svg("rect", { class: "here", x, y, width, height }));
      map.replaceChildren(...parts);
      const isOne = axes.every((_, axis) => positionsOf(axis) <= 1);
      byId("map").hidden = isOne;
      const sizes = letters.map((_, axis) => positionsOf(axis));
      byId("map-hint").textContent = isOne ? "This output has a single position." : `${sizes.join(" × ")} output positions`;
    }

    /** Input positions shown before and behind the input, so that what hangs over can be seen. */
    function margin(axis) {
      const { size } = axes[axis];
      const ends = ["fields", "local"].flatMap((kind) => [0, positionsOf(axis) - 1].map((at) => span(fieldOf(chosen, axis, kind), at)));
      const over = ends.filter(Array.isArray).flatMap(([first, last]) => [-first, last - size + 1]);
      return clamp(Math.max(0, ...over) + size * 0.03, size * 0.06, size * 0.5);
    }
    const extent = (axis, kind) => {
      const seen = span(fieldOf(chosen, axis, kind), position[axis]);
      if (seen === "whole") return [0, axes[axis].size];
      return Array.isArray(seen) ? [seen[0], seen[1] - seen[0] + 1] : null;
    };
    function frames(horizontal, vertical) {
      const found = [];
      for (const kind of differs(chosen) ? ["fields", "local"] : ["fields"]) {
        const x = extent(horizontal, kind);
        const y = vertical === null ? [0, 1] : extent(vertical, kind);
        if (!x || !y) continue;
        const place = { x: x[0], y: y[0], width: x[1], height: y[1] };
        found.push(svg("rect", { class: "halo", ...place }), svg("rect", { class: kind === "local" ? "local" : "field", ...place }));
      }
      return found;
    }
    function nearest(axis, point) {
      const field = fieldOf(chosen, axis);
      const used = typeof field.size === "number" && field.jump ? field : fieldOf(chosen, axis, "local");
      if (typeof used.size !== "number" || !used.jump || used.lo === null) {
        const size = positionsOf(axis);
        return clamp(Math.floor((point / axes[axis].size) * size), 0, size - 1);
      }
      return clamp(Math.round((point - 0.5 - used.lo - (used.size - 1) / 2) / used.jump), 0, Math.max(positionsOf(axis) - 1, 0));
    }
    function pictureOf(vertical, horizontal) {
      const [height, width] = [axes[vertical].size, axes[horizontal].size];
      const [above, beside] = [margin(vertical), margin(horizontal)];
      const viewBox = `${-beside} ${-above} ${width + 2 * beside} ${height + 2 * above}`;
      const image = own
        ? svg("image", { href: own, width, height, preserveAspectRatio: "xMidYMid slice" })
        : svg("svg", { width, height, viewBox: "0 0 400 400", preserveAspectRatio: "xMidYMid slice" }, ...landscape());
      const picture = svg("svg", { class: "plane", viewBox, role: "img", "aria-label": "The receptive field on a picture" }, image);
      picture.style.maxWidth = `${(34 * (width + 2 * beside)) / (height + 2 * above)}rem`;
      picture.append(svg("rect", { class: "edge", width, height }), ...frames(horizontal, vertical));
      picture.addEventListener("click", (event) => {
        const [x, y] = pointed(picture, event);
        position[horizontal] = nearest(horizontal, x);
        position[vertical] = nearest(vertical, y);
        paint();
      });
      return picture;
    }
    function strip(axis) {
      const { size, letter, name } = axes[axis];
      const beside = margin(axis);
      const points = Array.from({ length: 401 }, (_, step) => {
        const at = step / 400;
        const high = Math.sin(at * 31) * 0.2 + Math.sin(at * 83 + 1) * 0.11 * Math.sin(at * 3.1) + Math.sin(at * 9 + 2) * 0.12;
        return `${(at * size).toFixed(3)} ${(0.5 - high).toFixed(3)}`;
      });
      const label = `The receptive field on the axis ${letter} (${name})`;
      const viewBox = `${-beside} -0.1 ${size + 2 * beside} 1.2`;
      const picture = svg("svg", { class: "strip", viewBox, preserveAspectRatio: "none", role: "img", "aria-label": label, "data-axis": letter });
      if (letter === "t") picture.append(svg("path", { class: "signal", d: `M${points.join("L")}` }));
      else {
        let path = "";
        for (let slice = 1; slice < Math.min(size, 200); slice++) path += `M${slice} 0V1`;
        picture.append(svg("path", { class: "edge", d: path || "M0 0" }));
      }
      picture.append(svg("rect", { class: "edge", width: size, height: 1 }), ...frames(axis, null));
      picture.addEventListener("click", (event) => move(axis, nearest(axis, pointed(picture, event)[0])));
      return picture;
    }

    const WORDS = {
      unknown: "what it sees is unknown",
      whole: "the whole input",
      nothing: "nothing",
      unplaced: "where it lies depends on an input size that was not given",
    };
    function phrase(axis, kind = "fields") {
      const field = fieldOf(chosen, axis, kind);
      const seen = span(field, position[axis]);
      const { name, size } = axes[axis];
      if (!Array.isArray(seen)) return seen === "unplaced" ? `${field.texts[0]} ${name}s; ${WORDS.unplaced}` : `${name}s: ${WORDS[seen]}`;
      const [first, last] = seen.map(tidy);
      const inside = size === null ? null : Math.max(Math.min(seen[1], size - 1) - Math.max(seen[0], 0) + 1, 0);
      const clipped = inside !== null && inside < seen[1] - seen[0] + 1 ? `, ${tidy(inside)} of them inside` : "";
      return `${name}s ${first} to ${last} (${tidy(seen[1] - seen[0] + 1)}${clipped})`;
    }
    function sayIt() {
      const row = sights.rows[chosen];
      const here = letters.map((_, axis) => `${axes[axis].name} ${position[axis]}`).filter((_, axis) => positionsOf(axis) > 1);
      const from = here.length ? `Output ${here.join(", ")} of ` : "Each output of ";
      const says = [`${from}${layers[chosen]} sees ${letters.map((_, axis) => phrase(axis)).join(" and ")}.`];
      if (differs(chosen)) says.push(`Dashed, without global side branches: ${letters.map((_, axis) => phrase(axis, "local")).join(" and ")}.`);
      if (row.aligned === false) says.push("The branches that meet here differ in stride or centre; the frame is the hull of what they see.");
      if (row.aligned === null) says.push("Whether the branches that meet here are aligned depends on an input size that was not given.");
      if (axes.some((axis) => axis.size === null)) says.push("The size of the input was not given, so that there is no picture: analyse with input_shape.");
      byId("says").textContent = says.join(" ");
    }
    function sayNumbers() {
      const row = sights.rows[chosen];
      const text = (number, kind) => letters.map((_, axis) => {
        const field = fieldOf(chosen, axis, kind);
        const hasNone = field.texts[number] === "?" && field.size !== null;
        return hasNone && (number === 1 || field.lo === null) ? "–" : field.texts[number];
      });
      const lines = [
        ["Receptive field", text(0)],
        ...(differs(chosen) ? [["Local field", text(0, "local")]] : []),
        ["Inside the input, at most", row.clipped],
        ["Stride", text(1)],
        ["Padding", text(2)],
        ["Centre of the first", text(3)],
        ["Input size", axes.map((axis) => axis.size ?? "?")],
        ["Output positions", row.positions.map((size) => size ?? "–")],
      ];
      const head = html("tr", {}, html("th", { scope: "col" }, html("span", { class: "hidden" }, "Quantity")), ...letters.map((letter) => html("th", { scope: "col" }, letter)));
      const body = lines.map(([title, values]) => html("tr", {}, html("th", { scope: "row" }, title), ...values.map((value) => html("td", {}, String(value)))));
      const caption = html("caption", {}, "The field in numbers");
      byId("facts").replaceChildren(caption, html("thead", {}, head), html("tbody", {}, ...body));
    }
    function paint() {
      fields.forEach(({ input, label }, axis) => {
        input.max = Math.max(positionsOf(axis) - 1, 0);
        if (Number(input.value) !== position[axis] || input.value === "") input.value = position[axis];
        label.hidden = positionsOf(axis) <= 1;
      });
      paintMap();
      const isSized = (axis) => axes[axis].size !== null;
      const pictures = plane && plane.every(isSized) ? [pictureOf(...plane)] : [];
      byId("stage").replaceChildren(...pictures, ...strips.filter(isSized).map(strip));
      sayIt();
      sayNumbers();
    }
    followers.push((place) => {
      if (!sights.rows[place].fields.length) return;
      list.value = place;
      axes.forEach((_, axis) => (position[axis] = Math.floor((positionsOf(axis) - 1) / 2)));
      paint();
    });
  }

  /** A picture with things of all sizes in it, the same each time. */
  function landscape() {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const gradient = (id, ...colors) =>
      svg("linearGradient", { id, x2: 0, y2: 1 }, ...colors.map((color, step) => svg("stop", { offset: step / (colors.length - 1), "stop-color": color })));
    const ridge = (base, rough, fill) => {
      let path = "M0 400";
      let high = base;
      for (let x = 0; x <= 400; x += 10) {
        high += (random() - 0.5) * rough;
        path += `L${x} ${high.toFixed(1)}`;
      }
      return svg("path", { d: `${path}L400 400Z`, fill });
    };
    const tree = (x, y, size) => [
      svg("rect", { x: x - size * 0.06, y: y - size * 0.2, width: size * 0.12, height: size * 0.25, fill: "#4d3b2c" }),
      ...[0, 1, 2].map((tier) => {
        const [top, wide] = [y - size * (1 - tier * 0.24), size * (0.2 + tier * 0.08)];
        return svg("path", { d: `M${x} ${top}L${x + wide} ${top + size * 0.4}H${x - wide}Z`, fill: ["#2f5d50", "#2a5347", "#24493f"][tier] });
      }),
    ];
    const parts = [
      svg("defs", {}, gradient("sky", "#7fb2d6", "#cfe3ea", "#f6e7cf"), gradient("lake", "#8fb8cc", "#4f83a3")),
      svg("rect", { width: 400, height: 400, fill: "url(#sky)" }),
      svg("circle", { cx: 296, cy: 92, r: 30, fill: "#fff4d2" }),
      ridge(190, 34, "#a9bccb"),
      ridge(222, 22, "#83a0ae"),
      ridge(248, 12, "#64897f"),
      svg("rect", { y: 268, width: 400, height: 84, fill: "url(#lake)" }),
    ];
    for (let wave = 0; wave < 46; wave++) {
      const [x, y] = [random() * 400, 272 + random() * 76];
      parts.push(svg("path", { d: `M${x.toFixed(1)} ${y.toFixed(1)}h${(6 + random() * 20).toFixed(1)}`, stroke: "#d7e7ec", "stroke-width": 1, opacity: 0.6 }));
    }
    for (let number = 0; number < 16; number++) parts.push(...tree(random() * 400, 272 + random() * 6, 22 + random() * 14));
    parts.push(svg("path", { d: "M0 352C80 330 150 344 220 350S340 336 400 346V400H0Z", fill: "#7d9a5c" }));
    parts.push(
      svg("rect", { x: 92, y: 296, width: 62, height: 50, fill: "#efe3cd" }),
      svg("path", { d: "M84 298L123 264L162 298Z", fill: "#9c4a35" }),
      svg("rect", { x: 114, y: 318, width: 16, height: 28, fill: "#5d4330" }),
      svg("rect", { x: 98, y: 306, width: 11, height: 11, fill: "#6f97ad" }),
      svg("rect", { x: 136, y: 306, width: 11, height: 11, fill: "#6f97ad" }),
      svg("path", { d: "M238 322h44l-9 13h-27ZM259 320v-38l20 33Z", fill: "#f7f1e6" }),
    );
    parts.push(...tree(44, 372, 96), ...tree(334, 376, 118), ...tree(376, 384, 76));
    for (let bird = 0; bird < 7; bird++) {
      const [x, y] = [60 + random() * 170, 46 + random() * 80];
      parts.push(svg("path", { d: `M${x.toFixed(1)} ${y.toFixed(1)}q5 -6 9 0q5 -6 9 0`, fill: "none", stroke: "#41525d", "stroke-width": 1.6 }));
    }
    for (let flower = 0; flower < 60; flower++) {
      const [cx, cy] = [random() * 400, 364 + random() * 34];
      parts.push(svg("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 1.8, fill: ["#f3d250", "#f7f1e6", "#d9716b"][flower % 3] }));
    }
    return parts;
  }

  // The graph: blocks stand as they were laid out, and move apart where one is unfolded.

  if (byId("drawing")) drawGraph();

  function drawGraph() {
    const NODE = { width: 224, height: 26 };
    const GAP = { x: 14, y: 18 };
    const HEAD = 30;
    const PAD = 12;
    const { blocks } = table;
    const unfolded = new Set();
    const buttons = [...document.querySelectorAll("button[data-cost]")];
    let cost = buttons[0].dataset.cost;
    let focused = null;
    let nodes = [];
    const box = byId("drawing");

    const middle = (text, most) => (text.length <= most ? text : `${text.slice(0, Math.ceil(most / 2) - 1)}…${text.slice(-Math.floor(most / 2))}`);

    /** Lanes and levels as wide and as high as what stands in them. */
    function stacked(placed, sizes, gap = GAP) {
      const lanes = Math.max(...placed.lanes, ...placed.chains.flat(), 0) + 1;
      const levels = Math.max(...placed.levels, 0) + 1;
      const widths = new Array(lanes).fill(8);
      const heights = new Array(levels).fill(0);
      sizes.forEach(({ width, height }, node) => {
        widths[placed.lanes[node]] = Math.max(widths[placed.lanes[node]], width);
        heights[placed.levels[node]] = Math.max(heights[placed.levels[node]], height);
      });
      const starts = (lengths, between) => lengths.reduce((found, length) => [...found, found.at(-1) + length + between], [0]);
      const [lefts, tops] = [starts(widths, gap.x), starts(heights, gap.y)];
      const center = (lane) => lefts[lane] + widths[lane] / 2;
      const curve = (y, [x1, y1], [x2, y2]) => `C${x1} ${y} ${x2} ${y} ${x2} ${y2}`;
      const edges = placed.edges.map(([start, end]) => {
        const points = [[center(placed.lanes[start]), tops[placed.levels[start]] + sizes[start].height]];
        for (let level = placed.levels[start] + 1; level < placed.levels[end]; level++) {
          const lane = placed.chains[start][level - placed.levels[start] - 1];
          points.push([center(lane), tops[level]], [center(lane), tops[level] + heights[level]]);
        }
        points.push([center(placed.lanes[end]), tops[placed.levels[end]]]);
        let path = `M${points[0]}`;
        for (let number = 1; number < points.length; number++) {
          const [from, to] = [points[number - 1], points[number]];
          path += from[0] === to[0] ? `V${to[1]}` : curve((from[1] + to[1]) / 2, from, to);
        }
        return path;
      });
      const spots = sizes.map(({ width }, node) => [center(placed.lanes[node]) - width / 2, tops[placed.levels[node]]]);
      return { edges, spots, width: lefts.at(-1) - gap.x, height: tops.at(-1) - gap.y };
    }

    function node(key, x, y, name, costs, place, attributes, act) {
      const step = costs.steps[place];
      const kind = step === null ? "unknown" : `s${step}`;
      const label = `${attributes.label}, ${step === null ? "unknown" : costs.texts[place]} ${cost}`;
      const { label: _, ...others } = attributes;
      const drawn = svg("g", { class: `node ${kind}`, transform: `translate(${x} ${y})`, role: "button", tabindex: -1, "aria-label": label, "data-key": key, ...others });
      const text = step === 0 ? "" : costs.texts[place];
      drawn.append(
        svg("title", {}, label),
        svg("rect", { width: NODE.width, height: NODE.height, rx: 5 }),
        svg("text", { x: 9, y: 17 }, middle(name, text ? 21 : 29)),
        svg("text", { x: NODE.width - 9, y: 17, "text-anchor": "end", class: "cost" }, text),
      );
      drawn.addEventListener("click", () => act());
      nodes.push({ key, drawn, act });
      return drawn;
    }
    const rowNode = (place, x, y) => {
      const drawn = node(`r${place}`, x, y, layers[place], graph.rows[cost], place, { label: `${layers[place]}, ${types[place]}` }, () => {
        focused = `r${place}`;
        choose(place, "graph");
      });
      if (place === chosen) drawn.classList.add("chosen");
      return drawn;
    };
    const toggle = (index) => {
      focused = `b${index}`;
      if (!unfolded.delete(index)) unfolded.add(index);
      paint();
    };
    const blockNode = (index, x, y) => {
      const open = unfolded.has(index);
      const label = `${blocks[index].name}, ${blocks[index].stop - blocks[index].first} layers`;
      return node(`b${index}`, x, y, `${open ? "▾" : "▸"} ${blocks[index].name}`, graph.blocks[cost], index, { label, "aria-expanded": String(open) }, () => toggle(index));
    };

    function inside(index) {
      const inner = graph.inner[index];
      const feeds = inner.feeding.length;
      const last = inner.levels.length - 1;
      const sizes = inner.levels.map((_, number) => {
        if (number === last) return { width: 8, height: 0 };
        return number < feeds ? { width: NODE.width, height: 14 } : NODE;
      });
      return { feeds, last, inner, ...stacked(inner, sizes) };
    }
    function unfoldedBlock(index, x, y, found) {
      const [width, height] = [found.width + 2 * PAD, found.height + HEAD + PAD];
      const parts = [svg("rect", { class: "frame", x, y, width, height, rx: 8 }), blockNode(index, x + width / 2 - NODE.width / 2, y)];
      const [left, top] = [x + PAD, y + HEAD + PAD];
      parts.push(...found.edges.map((path) => svg("path", { class: "edge", d: path, transform: `translate(${left} ${top})` })));
      found.spots.forEach(([nodeX, nodeY], number) => {
        if (number === found.last) return;
        if (number < found.feeds) {
          const text = svg("text", { x: left + nodeX + NODE.width / 2, y: top + nodeY + 10, "text-anchor": "middle" }, `from ${middle(found.inner.feeding[number], 26)}`);
          parts.push(svg("g", { class: "feed" }, text));
        } else parts.push(rowNode(blocks[index].first + number - found.feeds, left + nodeX, top + nodeY));
      });
      return parts;
    }

    function paint() {
      nodes = [];
      const opened = new Map([...unfolded].map((index) => [index, inside(index)]));
      const sizes = blocks.map((_, index) => {
        const found = opened.get(index);
        return found ? { width: Math.max(found.width + 2 * PAD, NODE.width), height: found.height + HEAD + PAD } : NODE;
      });
      const found = stacked(graph.outer, sizes);
      const width = found.width + 8;
      const drawn = svg("svg", { width, height: found.height + 8, viewBox: `-4 -4 ${width} ${found.height + 8}`, role: "group", "aria-label": "Graph" });
      drawn.append(...found.edges.map((path) => svg("path", { class: "edge", d: path })));
      found.spots.forEach(([x, y], index) => {
        if (!graph.inner[index]) drawn.append(rowNode(blocks[index].first, x, y));
        else if (opened.has(index)) drawn.append(...unfoldedBlock(index, x, y, opened.get(index)));
        else drawn.append(blockNode(index, x, y));
      });
      const hadFocus = box.contains(document.activeElement) && document.activeElement !== box;
      box.replaceChildren(drawn);
      const current = nodes.find((each) => each.key === focused) || nodes[0];
      if (!current) return;
      current.drawn.setAttribute("tabindex", 0);
      if (hadFocus) current.drawn.focus({ preventScroll: true });
    }
    box.addEventListener("keydown", (event) => {
      const here = nodes.findIndex((each) => each.drawn === document.activeElement);
      if (here < 0) return;
      const steps = { ArrowDown: 1, ArrowUp: -1, Home: -nodes.length, End: nodes.length };
      if (event.key in steps) {
        event.preventDefault();
        nodes[here].drawn.setAttribute("tabindex", -1);
        const next = nodes[clamp(here + steps[event.key], 0, nodes.length - 1)];
        focused = next.key;
        next.drawn.setAttribute("tabindex", 0);
        next.drawn.focus();
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        nodes[here].act();
      } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
        const isOpen = nodes[here].drawn.getAttribute("aria-expanded");
        if (isOpen !== null && (isOpen === "true") === (event.key === "ArrowLeft")) {
          event.preventDefault();
          nodes[here].act();
        }
      }
    });
    buttons.forEach((button) =>
      button.addEventListener("click", () => {
        cost = button.dataset.cost;
        pressOne(buttons, button);
        paint();
      }),
    );
    const foldable = [...blocks.keys()].filter((index) => graph.inner[index]);
    byId("unfold-graph").addEventListener("click", () => (foldable.forEach((index) => unfolded.add(index)), paint()));
    byId("fold-graph").addEventListener("click", () => (unfolded.clear(), paint()));
    byId("unfold-graph").hidden = byId("fold-graph").hidden = !foldable.length;
    followers.push((place) => nodes.forEach((each) => each.drawn.classList.toggle("chosen", each.key === `r${place}`)));
    paint();
  }

  // To begin with: the last layer whose field is smaller than the input, or the last that has one.

  if (axes.length && count) {
    const places = [...layers.keys()].filter((place) => sights.rows[place].fields.length);
    const isWithin = (place) => axes.every((axis, number) => {
      const { size } = fieldOf(place, number, "local");
      return typeof size === "number" && size > 1 && (axis.size === null || size <= axis.size) && (sights.rows[place].positions[number] ?? 0) > 1;
    });
    choose(places.findLast(isWithin) ?? places.at(-1), "start");
  }
  unfoldTarget();
})();

"""A saved page, taken apart; and a study whose names try to be more than names."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import optuna

MARKUP = "<script>alert(1)</script>"


class Page(HTMLParser):
    """What stands in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.ids, self.headings, self.plots, self.grids = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if attributes.get("class") == "plot":
            self.plots.append((json.loads(attributes["data-spec"]), attributes["aria-label"]))
        if "data-rows" in attributes:
            self.grids.append(json.loads(attributes["data-rows"]))


def saved(report, tmp_path, plotly="directory"):
    return report.save(tmp_path / "page.html", plotly=plotly).read_text(encoding="utf-8")


def hostile(trial: optuna.Trial) -> float:
    x = trial.suggest_float(MARKUP, 0, 1)
    kinds = [MARKUP, "/home/me/data.csv", "sqlite://me:hunter2@host/x", "' onload='a", "%{x}"]
    trial.suggest_categorical("kind", kinds)
    trial.report(x, 1)
    trial.report(x, 2)
    return x

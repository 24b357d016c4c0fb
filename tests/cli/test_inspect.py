import json

import polars as pl
from commands import QUICK, check_failure, homes


def test_a_table_is_shown_and_its_schema_written_for_train(folder, run):
    homes().with_columns(twice=2 * pl.col("worth"), zip=pl.lit("01")).write_csv("body.csv")
    body = (folder / "body.csv").read_text()
    (folder / "t.csv").write_text("Homes of 2020\n\n" + body)
    code, out, err = run("inspect", "t.csv", "--target", "worth", "--schema-out", "schema.json")
    assert (code, err) == (0, "Wrote schema.json. Correct it where need be, and train with --schema schema.json.\n")
    assert "t.csv: 300 rows, 7 columns" in out
    assert "Left out 2 lines before the table, which begins on line 3." in out
    assert "twice gives worth away on its own" in out
    assert "category of 3 values: " in out
    assert "regression" in out
    assert max(map(len, out.splitlines())) < 200
    schema = json.loads((folder / "schema.json").read_text())
    schema["columns"] = [column | {"kind": "category", "written": None} if column["name"] == "rooms" else column
                         for column in schema["columns"]]  # fmt: skip
    (folder / "schema.json").write_text(json.dumps(schema))
    code, _, err = run(
        "train", "t.csv", "--target", "worth", "--schema", "schema.json", "--out", "m.safetensors", *QUICK
    )
    assert code == 0, err
    assert "rooms  category" in err
    code, out, _ = run("inspect", "t.csv", "--target", "color", "--json")
    document = json.loads(out)
    assert (code, document["begins_on"], document["rows"]) == (0, 3, 300)
    assert document["target"]["classes"] == {"blue": 150, "red": 150}


def test_what_cannot_be_inspected_is_refused(folder, run):
    before = sorted(path.name for path in folder.iterdir())
    check_failure(*run("inspect", "homes.csv", "--target", "wort"), folder, ["'worth'"], before)
    check_failure(*run("inspect", "homes.csv", "--schema-out", "homes.csv"), folder, ["would be lost"], before)
    check_failure(*run("inspect", "homes.csv", "--schema-out", "no/s.json"), folder, ["no folder"], before)
    code, out, _ = run("inspect", "--help")
    assert (code, "Example" in out) == (0, True)


def test_unequal_classes_are_said(folder, run):
    pl.DataFrame({"x": range(100), "kind": ["a"] * 90 + ["b"] * 10}).write_csv("t.csv")
    _, out, _ = run("inspect", "t.csv", "--target", "kind")
    assert "Classes: a 90.0%, b 10.0%." in out
    assert "They are unequal: 'a' has 90 rows and 'b' 10." in out


def test_it_tells_the_places_that_train_gives_categories(folder, run):
    places = [f"place {i % 300}" for i in range(1200)]
    pl.DataFrame({"place": places, "y": [float(i % 7) for i in range(1200)]}).write_csv("t.csv")
    _, out, _ = run("inspect", "t.csv", "--json")
    [said] = [column["said"] for column in json.loads(out)["columns"] if column["name"] == "place"]
    assert "the 256 most frequent have a place of their own" in said
    _, _, err = run("train", "t.csv", "--target", "y", "--epochs", "1", "--out", "m.safetensors")
    assert "the 256 most frequent have a place of their own" in err

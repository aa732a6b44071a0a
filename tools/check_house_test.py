"""The rules of the house: a small tree that breaks each, and what is no breach."""

import pathlib
import subprocess
import tempfile
import unittest

import check_house

# :a has a header that only itself may see.
LIBRARIES = """package(default_visibility = ["//visibility:private"])
reprise_cc_library(name = "a", srcs = ["a.cc", "a_table.h"])
reprise_cc_library(name = "b", {b_deps})
reprise_cc_library(name = "c", {c_deps})
"""
LIBRARY = 'cc_library(\n    name = "a",\n    srcs = ["{0}.cc"],\n)\n'


class Rules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        subprocess.run(["git", "init", "-q", self.root], check=True)

    def found(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text if not name.endswith(".h") else "// Purpose.\n" + text)
        return check_house.House(self.root).check()

    def rules(self, files):
        """The broken ones, less `dependency`: most of these trees have no targets."""
        rules = [line.split(": ")[0] for line in self.found(files)]
        return [rule for rule in rules if rule != "dependency"]

    def test_a_tree_whose_includes_go_down_is_in_order(self):
        files = {
            "core/base/check.h": "",
            "core/comm/communicator.h": '#include "core/base/check.h"\n',
            "core/comm/mpi/mpi_transport.cc": '#include <mpi.h>\n#include "core/comm/communicator.h"\n',
            "core/device/rows.cc": '#include "core/buffer/row_store.h"\n',
            "core/buffer/row_store.h": '#include "core/comm/communicator.h"\n',
            "agents/nil/nil_agent.cc": '#include "agents/losses/loss.h"\n#include "agents/agent.h"\n',
            "agents/losses/loss.h": '#include "agents/agent.h"\n',
            "agents/agent.h": '#include "core/buffer/row_store.h"\n',
            "launch/run/run.cc": '#include "agents/agent.h"\n',
        }
        self.assertEqual(self.found(files), [])

    def test_includes_that_go_up(self):
        up = {
            "core/base/a.h": "core/comm/b.h",
            "core/comm/b.h": "core/tensor/c.h",
            "core/buffer/a.cc": "models/model.h",
            "models/a.cc": "agents/agent.h",
            "agents/training/loop.cc": "agents/nil/nil_agent.h",
            "agents/er/er_agent.cc": "agents/nil/nil_agent.h",
            "agents/agent.h": "agents/nil/nil_agent.h",
            "data/a.cc": "launch/run/run.h",
        }
        files = {name: f'#include "{header}"\n' for name, header in up.items()}
        files |= {header: files.get(header, "") for header in up.values()}
        self.assertEqual(self.rules(files), ["layer"] * len(up))

    def test_circles_of_files_and_of_folders(self):
        files = {
            "core/base/a.h": '#include "core/base/b.h"\n',
            "core/base/b.h": '#include "core/base/a.h"\n',
        }
        self.assertEqual(self.rules(files), ["include-circle"])
        files = {
            "core/base/a.h": "",
            "core/base/b.h": "",
            "launch/run/a.h": '#include "launch/cli/b.h"\n',
            "launch/cli/b.h": "",
            "launch/cli/c.cc": '#include "launch/run/a.h"\n',
        }
        self.assertEqual(
            self.found(files),
            [
                "folder-circle: launch/cli: launch/cli launch/run: launch/cli/c.cc -> "
                "launch/run/a.h; launch/run/a.h -> launch/cli/b.h"
            ],
        )

    def test_what_only_tests_build_may_close_a_circle_of_folders(self):
        test = 'cc_test(\n    name = "c",\n    srcs = ["{0}.cc"],\n)\n'
        files = {
            "core/buffer/buffer.h": "",
            "core/buffer/testing/naive.h": '#include "core/buffer/buffer.h"\n',
            "core/buffer/c.cc": '#include "core/buffer/testing/naive.h"\n',
        }
        build = "core/buffer/BUILD.bazel"
        self.assertEqual(self.rules({**files, build: LIBRARY.format("c")}), ["folder-circle"])
        self.assertEqual(self.rules({build: test.format("c")}), [])
        self.assertEqual(self.rules({build: 'reprise_cc_test(\n    name = "c",\n)\n'}), [])
        by_name = 'reprise_cc_library(\n    name = "c",\n)\n'
        self.assertEqual(self.rules({build: by_name}), ["folder-circle"])

    def test_headers_of_others_where_they_do_not_belong(self):
        names = ["mpi.h", "nccl.h", "re2/re2.h", "curl/curl.h", "torch/types.h", "ATen/ops/add.h"]
        files = {f"core/buffer/{i}.cc": f"#include <{n}>\n" for i, n in enumerate(names)}
        self.assertEqual(self.rules(files), ["external"] * len(names))

    def test_includes_without_a_direct_dependency(self):
        absl = 'deps = ["@com_google_absl//absl/status:statusor"]'
        files = {
            "data/BUILD.bazel": LIBRARIES.format(b_deps='deps = [":a"]', c_deps='deps = [":b"]'),
            "data/a.cc": '#include "data/a.h"\n#include "data/a_table.h"\n',
            "data/a.h": "#include <vector>\n",
            "data/a_table.h": "",
            "data/b.cc": '#include "data/b.h"\n#include "gtest/gtest.h"\n',
            "data/b.h": '#include "data/a.h"\n',
            "data/c.cc": '#include "data/c.h"\n#include "data/b.h"\n',
            "data/c.h": "",
        }
        missing_gtest = "dependency: //data:b: data/b.cc includes gtest/gtest.h: no dep has it"
        self.assertEqual(self.found(files), [missing_gtest])
        files["data/b.cc"] = '#include "data/b.h"\n#include "absl/status/statusor.h"\n'
        files["data/c.cc"] += '#include "data/a.h"\n#include "data/a_table.h"\n'
        files["data/BUILD.bazel"] = LIBRARIES.format(b_deps=absl, c_deps='deps = [":b"]')
        self.assertEqual(
            self.found(files),
            [
                "dependency: //data:b: data/b.h includes data/a.h, of //data:a: not in deps",
                "dependency: //data:c: data/c.cc includes data/a.h, of //data:a: not in deps",
                "dependency: //data:c: data/c.cc includes data/a_table.h, of no target's hdrs",
            ],
        )

    def test_drawers(self):
        files = {
            "core/utils/a.cc": "",
            "data/string_util.cc": "",
            "tools/common.py": "",
            "launch/helpers_test.cc": "",
            "core/base/utility_function.cc": "",
        }
        self.assertEqual(self.rules(files), ["name"] * 4)

    def test_a_header_without_a_purpose(self):
        (self.root / "a.h").write_text("#ifndef A_H_\n#endif\n")
        self.assertEqual(self.rules({}), ["banner"])

    def test_long_classes_and_functions(self):
        body = "  x();\n"
        files = {
            "a.cc": "class Long final : public B<C> {\n" + "  int x;\n" * 299 + "};\n",
            "b.cc": "class Short {\n" + "  int x;\n" * 298 + "};\n",
            "c.cc": "namespace n {\nvoid Long(int a,\n          int b) {\n" + body * 58 + "}\n}\n",
            "d.cc": "void Short() {\n" + body * 58 + "}\nTEST(A, Long) {\n" + body * 59 + "}\n",
            "e.cc": "template <class T>\nT A<T>::Long() const {\n" + body * 59 + "}\n",
        }
        self.assertEqual(
            self.found(files),
            [
                "class-length: a.cc:Long: line 1: 301 lines, at most 300",
                "function-length: c.cc:Long: line 2: 61 lines, at most 60",
                "function-length: d.cc:A.Long: line 61: 61 lines, at most 60",
                "function-length: e.cc:A<T>::Long: line 1: 62 lines, at most 60",
            ],
        )

    def test_braces_in_text_open_nothing(self):
        text = 'void A() {\n  Say("{", \'{\', R"x({)x");  // {\n  /* { */ }\n#define B {\n'
        files = {"a.cc": text + "void C() {}\n" * 70}
        self.assertEqual(self.found(files), [])

    def test_tables_and_functions_in_functions_are_not_counted_by_themselves(self):
        table = "const Row kRows[] = {\n" + "    {1, F(2)},\n" * 80 + "};\n"
        self.assertEqual(self.found({"a.cc": table}), [])
        inner = "void A() {\n  auto f = [] {\n" + "    x();\n" * 60 + "  };\n}\n"
        self.assertEqual(self.rules({"a.cc": inner}), ["function-length"])

    def test_exceptions_give_reasons_and_are_needed(self):
        files = {
            "core/utils/a.cc": "",
            "tools/house_exceptions.txt": "# Why.\nname core/utils/a.cc its name upstream\n",
        }
        self.assertEqual(self.found(files), [])
        files["tools/house_exceptions.txt"] += "name core/b.cc gone\nbanner core/c.h\n"
        self.assertEqual(
            self.found(files),
            [
                "exceptions: 'banner core/c.h' gives no reason",
                "exceptions: nothing needs 'banner core/c.h'",
                "exceptions: nothing needs 'name core/b.cc'",
            ],
        )


if __name__ == "__main__":
    unittest.main()

"""embedded_text: files of text that a program carries."""

load("//tools/build_rules:reprise_cc.bzl", "reprise_cc_library")

# A raw string: the bytes of the file as they are. Whether the file has what ends one is
# asked first.
_MAKE = """
set -eu
guard=$$(echo "REPRISE_$$(basename $(location {name}.h) .h)_" | tr a-z. A-Z_)
{{
  printf '// Generated: the texts of {package}:{name}.\\n'
  printf '#ifndef %s\\n#define %s\\n\\n' $$guard $$guard
  printf '#include "absl/strings/string_view.h"\\n\\nnamespace reprise {{\\n\\n'
}} > $(location {name}.h)
printf '#include "{package}/{name}.h"\\n\\nnamespace reprise {{\\n\\n' > $(location {name}.cc)
{texts}
printf '\\n}}  // namespace reprise\\n\\n#endif\\n' >> $(location {name}.h)
printf '}}  // namespace reprise\\n' >> $(location {name}.cc)
"""

_TEXT = """
! grep -q ')REPRISE_TEXT"' {file}
printf 'extern const absl::string_view {constant};\\n' >> $(location {name}.h)
{{
  printf 'const absl::string_view {constant} = R"REPRISE_TEXT('
  cat {file}
  printf ')REPRISE_TEXT";\\n\\n'
}} >> $(location {name}.cc)
"""

def embedded_text(name, texts, visibility = None):
    """Defines a library of <name>.h, which declares an absl::string_view for each text.

    Args:
      name: of the library and, with .h, of its generated header.
      texts: constant -> label of one file: UTF-8 without NUL bytes.
      visibility: of the library.
    """
    native.genrule(
        name = name + "_sources",
        srcs = texts.values(),
        outs = [
            name + ".cc",
            name + ".h",
        ],
        cmd = _MAKE.format(
            name = name,
            package = native.package_name(),
            texts = "".join([
                _TEXT.format(name = name, constant = constant, file = "$(location %s)" % file)
                for constant, file in texts.items()
            ]),
        ),
    )
    reprise_cc_library(
        name = name,
        visibility = visibility,
        deps = ["@com_google_absl//absl/strings"],
    )

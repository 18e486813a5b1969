#include "runtime/cli/personality.h"

#include <fmt/format.h>

namespace myrt::cli {

Personality personality_of(std::string_view program_path) {
  const std::string_view name = program_path.substr(program_path.rfind('/') + 1);
  if (name == "runc" || name == "buildkit-runc") return {Personality::Kind::runc, "runc"};
  if (name == "crun") return {Personality::Kind::crun, "crun"};
  return {};
}

std::string version_text(const Personality& personality, const Version& version,
                         std::string_view root) {
  std::string text =
      fmt::format("{} version {}\ncommit: {}\n", personality.name, version.version, version.commit);
  if (personality.kind == Personality::Kind::crun) text += fmt::format("rundir: {}\n", root);
  text += fmt::format("spec: {}\n", version.spec);
  if (!version.libseccomp.empty()) text += fmt::format("libseccomp: {}\n", version.libseccomp);
  return text;
}

}  // namespace myrt::cli

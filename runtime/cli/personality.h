// Which runtime myrt was called as: symlinks named runc, buildkit-runc and crun stand in for those
// (contract §5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/myrt.h"

namespace myrt::cli {

struct Personality {
  enum class Kind : std::uint8_t { myrt, runc, crun };
  Kind kind = Kind::myrt;
  std::string_view name = "myrt";  // in the version line, in usage texts and of the default root
};

// From argv[0]; anything unknown is myrt.
Personality personality_of(std::string_view program_path);

// What --version prints, with a newline. The first line is `NAME version VERSION`: go-runc and
// nerdctl know only "runc version", moby any line with "version" (contract §0.14).
std::string version_text(const Personality& personality, const Version& version,
                         std::string_view root);

}  // namespace myrt::cli

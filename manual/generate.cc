// myrt-manual DIRECTORY VERSION DATE: writes the manual pages, docs/errors.md and completion
// scripts below DIRECTORY. Runs in the build; not installed.
#include <sys/stat.h>

#include <string>

#include "manual/completions.h"
#include "manual/errors_document.h"
#include "manual/pages.h"
#include "sys/files.h"

namespace {

using namespace myrt;

Result<> write(const std::string& directory, const std::string& file, const std::string& text) {
  const std::string path = directory + "/" + file;
  const std::size_t slash = path.rfind('/');
  TRY(sys::make_directories(path.substr(0, slash), 0755));
  const sys::UniqueFd parent = TRY(sys::open(path.substr(0, slash), O_PATH | O_DIRECTORY));
  return sys::write_atomic_at(parent.get(), path.substr(slash + 1), text, 0644);
}

Result<> generate(const std::string& directory, const manual::Edition& edition) {
  for (const manual::Page& page : TRY(manual::pages(edition))) {
    TRY(write(directory, page.file, page.text));
  }
  TRY(write(directory, "errors.md", manual::errors_document()));
  TRY(write(directory, "completions/myrt", manual::bash_completion()));
  TRY(write(directory, "completions/_myrt", manual::zsh_completion()));
  return write(directory, "completions/myrt.fish", manual::fish_completion());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    ignore(sys::write_all(2, "usage: myrt-manual DIRECTORY VERSION DATE\n", "stderr"), "no other");
    return 2;
  }
  const auto done = generate(argv[1], {.version = argv[2], .date = argv[3]});
  if (done.ok()) return 0;
  ignore(sys::write_all(2, "myrt-manual: " + done.error().message + "\n", "stderr"), "no other");
  return 1;
}

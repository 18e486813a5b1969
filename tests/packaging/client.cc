// A user of libmyrt, as its package has it: client BUNDLE, whose process only waits. Shows what the
// headers, the library and the pkg-config file of libmyrt-dev are good for, and leaves no
// container.
#include <poll.h>
#include <runtime/myrt.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace {

using namespace myrt;

constexpr int kPatienceMs = 60000;
constexpr int kExecStatus = 7;

Result<> check(const std::string& what, bool holds) {
  if (!holds) return make_error(ErrorCode::internal, what + ": not so");
  std::printf("%s\n", what.c_str());
  return {};
}

std::string first_difference(const Effective& effective) {
  for (const EffectiveField& field : effective.fields) {
    if (field.match == Match::differs) return field.name + ": " + field.applied;
  }
  return effective.fields.empty() ? "nothing was compared" : "";
}

bool ends(pid_t pid) {
  pollfd end{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0};
  const bool came = end.fd >= 0 && ::poll(&end, 1, kPatienceMs) == 1;
  ::close(end.fd);
  return came;
}

Result<> live(const Context& context, const std::string& id) {
  TRY(start(context, id));
  const ContainerInfo info = TRY(state(context, id));
  TRY(check("it runs", info.state.status == oci::Status::running));
  TRY(check("list has it", TRY(list(context)).size() == 1));
  ExecOptions options;
  options.id = id;
  options.args = {"sh", "-c", "exit 7"};
  TRY(check("exec has the status", TRY(exec(context, options)) == kExecStatus));
  const std::string difference = first_difference(TRY(effective(context, id)));
  TRY(check("it is as configured " + difference, difference.empty()));
  const std::string numbers = TRY(metrics(context, {}));
  TRY(check("metrics know it", numbers.find("{id=\"" + id + "\"") != std::string::npos));
  TRY(kill(context, {.id = id, .signal = 9, .all = Switch::off}));
  return check("it ends", ends(info.state.pid));
}

Result<> live_and_die(const Context& context, const std::string& bundle) {
  CreateOptions options;
  options.id = "client";
  options.bundle = bundle;
  TRY(create(context, options));
  const auto lived = live(context, options.id);
  TRY(remove(context, {.id = options.id, .force = Switch::on}));
  TRY(check("nothing is left", TRY(list(context)).empty()));
  return lived;
}

}  // namespace

int main(int argc, char** argv) {
  Context context;
  context.root = "/run/myrt";
  const auto lived = live_and_die(context, argc > 1 ? argv[1] : ".");
  if (!lived.ok()) std::printf("client: %s\n", lived.error().message.c_str());
  std::printf("libmyrt %s: %s\n", version().version.c_str(), lived.ok() ? "ok" : "failed");
  return lived.ok() ? 0 : 1;
}

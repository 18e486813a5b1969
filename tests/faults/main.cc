// faults RUNTIME WORK COMMAND [STRIDE OFFSET]: fails and kills the runtime at every system call of
// COMMAND, in its own process and in its children, and checks after each what has to hold. Runs in
// the sandbox (tests/integration/in-private), as tests/faults/run calls it. With a stride only
// every STRIDE-th point, from OFFSET on. SIGINT ends it with the counts so far.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/faults/census.h"
#include "tests/faults/scenario.h"
#include "tests/faults/tracer.h"

namespace {

using namespace faults;

constexpr std::chrono::seconds kBound{60};
volatile sig_atomic_t interrupted = 0;

std::string read_file(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Place {
  std::string runtime, work;
  std::string state() const { return work + "/state"; }
  std::string log() const { return work + "/log"; }
  std::string output() const { return work + "/output"; }
  std::string images() const { return work + "/images"; }
  // Where nothing may be left: the log and what is printed are elsewhere.
  std::vector<std::string> watched() const { return {state(), work + "/files", work + "/cases"}; }

  Command command(const Words& words) const {
    Command command{{runtime, "--root", state(), "--log", log(), "--log-format", "json"}, output()};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    return command;
  }
};

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Runs a check; what is wrong, or empty. Not traced: a tracer would only slow it down.
std::string run_check(const Place& place, const Check& check) {
  const Command command = place.command(check.command);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int output =
        ::open(command.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (::dup2(null, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) std::_Exit(99);
    std::vector<char*> argv;
    for (const std::string& word : command.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::alarm(static_cast<unsigned>(kBound.count()));  // it survives execve
    ::execv(argv[0], argv.data());
    std::_Exit(99);
  }
  int status = 0;
  // Orphans as well: the end of a pid namespace waits until its processes are reaped.
  for (pid_t reaped = 0; reaped != pid;) {
    int its_status = 0;
    reaped = ::waitpid(-1, &its_status, __WALL);
    if (reaped == pid) status = its_status;
    if (reaped < 0 && errno != EINTR) break;
  }
  if (check.may_fail) return {};
  const bool succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const std::string output = read_file(command.output);
  if (succeeded == check.has_to_fail || output.find(check.expected) == std::string::npos) {
    return "then `" + joined(check.command) + "`: status " + std::to_string(status) + ": " +
           output + (check.expected.empty() ? "" : " (expected: " + check.expected + ")") + "; ";
  }
  return {};
}

// What the descriptors of the container's init are, without numbers of any kind; empty without a
// container.
std::string descriptors_of_init(const Place& place) {
  if (!run_check(place, {.command = {"state", kId}, .expected = "\"pid\": "}).empty()) return {};
  const std::string state = read_file(place.output());
  const std::string pid = std::to_string(std::atoi(state.c_str() + state.find("\"pid\": ") + 7));
  std::multiset<std::string> targets;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + pid + "/fd", error)) {
    std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    std::erase_if(target, [](unsigned char byte) { return std::isdigit(byte) != 0; });
    targets.insert(std::move(target));
  }
  std::string text;
  for (const std::string& target : targets) text += target + " ";
  return text;
}

// A status may take a moment: a signal is on its way when the command returns.
std::string run_checks(const Place& place, const std::vector<Check>& checks) {
  std::string wrong;
  for (const Check& check : checks) {
    std::string said;
    for (int attempt = 0; attempt < 200; ++attempt) {
      said = run_check(place, check);
      if (said.empty() || check.command[0] != "state") break;
      ::usleep(10000);
    }
    wrong += said;
  }
  return wrong;
}

// CRIU has the lock of a container until it has let go of its processes, also when the runtime is
// killed. False: after 20 s it has it still.
bool wait_for_lock(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return true;
  bool locked = false;
  for (int attempt = 0; attempt < 2000 && !locked; ++attempt) {
    locked = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!locked) ::usleep(10000);
  }
  ::close(fd);
  return locked;
}

// What an error has to say: one line with a code and a phase. Before main() there is no log yet.
std::string judge_error(const Place& place, const Step& step) {
  const std::string log = read_file(place.log());
  const std::string output = read_file(place.output());
  if (output.empty() && log.empty()) return "no message; ";
  if (log.find("\"level\":\"error\"") == std::string::npos) {
    return step.status >= 126 || output.find("myrt: ") == 0
               ? std::string()
               : "no error in the log: " + output + "; ";
  }
  if (log.find("\"code\":") == std::string::npos) return "no code: " + log + "; ";
  if (log.find("\"phase\":") == std::string::npos) return "no phase: " + log + "; ";
  if (log.find("\"code\":\"internal\"") != std::string::npos)
    return "taken for a bug: " + log + "; ";
  return {};
}

// Where nobody could say anything: memory that the C library does not get before main(), and a
// process that is killed on the way into its program, which is a program that was killed.
bool is_silent(const Point& point, const Step& step) {
  constexpr std::size_t kBeforeMain = 12;
  if (point.kind == Kind::kill) return step.status == 128 + SIGKILL;
  const std::string name = syscall_name(step.syscall);
  return point.index <= kBeforeMain && step.status > 125 &&
         (name == "brk" || name == "mmap" || name == "mprotect" || name == "arch_prctl");
}

struct Counts {
  unsigned errors = 0, kills = 0, harmless = 0, refused = 0, died_later = 0, ended = 0,
           failures = 0;
};

class Campaign {
 public:
  Campaign(Place place, Scenario scenario, unsigned stride, unsigned offset)
      : place_(std::move(place)),
        scenario_(std::move(scenario)),
        stride_(stride),
        offset_(offset) {}

  int run() {
    std::filesystem::remove_all(place_.images());
    if (!scenario_.once.empty()) prepare(scenario_.once);
    one({});  // makes what is made once: the state root, the parents of the cgroups
    counts_ = {};
    before_ = take_census(place_.watched());
    const Step plain = one({});
    for (unsigned role = 0; role < kRoles; ++role) {
      for (unsigned index = 1; index <= plain.calls[role].size(); ++index) {
        const auto errors = errors_of(plain.calls[role][index - 1]);
        for (unsigned rank = 0; rank < errors.size(); ++rank) {
          visit({Kind::error, static_cast<Role>(role), index, rank});
        }
        visit({Kind::kill, static_cast<Role>(role), index, 0});
      }
    }
    std::printf(
        "%s %s: %zu + %zu system calls: %u errors, %u kills; %u harmless, %u refused, %u inits "
        "that died later, %u ends, %u failures%s\n",
        counts_.failures == 0 && interrupted == 0 ? "ok" : "not ok", scenario_.name.c_str(),
        plain.calls[0].size(), plain.calls[1].size(), counts_.errors, counts_.kills,
        counts_.harmless, counts_.refused, counts_.died_later, counts_.ended, counts_.failures,
        interrupted != 0 ? " (interrupted)" : "");
    return counts_.failures == 0 && interrupted == 0 ? 0 : 1;
  }

 private:
  void prepare(const std::vector<Check>& checks) {
    const std::string wrong = run_checks(place_, checks);
    if (wrong.empty()) return;
    std::printf("the scenario cannot be set up: %s\n", wrong.c_str());
    std::exit(2);
  }

  // `gc` has to do for one half of the points what `delete --force` does for the other, where it
  // may.
  void clean_up(const std::string& how) {
    if (how == "gc")
      run_check(place_, {.command = {"gc", "--stopped"}, .expected = "", .may_fail = true});
    const Check removal{.command = {"delete", "--force", kId}, .expected = ""};
    const std::string wrong = run_check(place_, removal);
    if (!wrong.empty()) problems_ += wrong;
    ::unlink((place_.work + "/files/pid").c_str());
  }

  void visit(const Point& point) {
    if (interrupted != 0 || number_++ % stride_ != offset_) return;
    one(point);
  }

  Step one(const Point& point) {
    problems_.clear();
    // Those of another point would hide that this one has made none.
    if (scenario_.once.empty()) std::filesystem::remove_all(place_.images());
    prepare(scenario_.before);
    ::unlink(place_.log().c_str());
    const Step done = step(place_.command(scenario_.command), point, kBound);
    if (done.hung) problems_ += "it hung: " + done.waiting;
    const bool killed = point.kind == Kind::kill && point.role == Role::runtime && done.hit;
    if (killed && done.status != 128 + SIGKILL) problems_ += "the runtime was not killed; ";
    if (done.status == 0) {
      ++counts_.harmless;
      // An init that is killed on the way into its program is a program that was killed.
      if (point.kind != Kind::kill) check_success(point);
    } else {
      ++counts_.refused;
      if (!killed && !is_silent(point, done)) problems_ += judge_error(place_, done);
      check_failure();
    }
    clean_up(number_ % 2 == 0 ? "gc" : "delete");
    if (!before_.empty()) problems_ += difference(before_, place_.watched());
    if (point.kind == Kind::error) ++counts_.errors;
    if (point.kind == Kind::kill) ++counts_.kills;
    if (!problems_.empty()) report(point, done);
    std::fflush(stdout);
    return done;
  }

  void check_success(const Point& point) {
    const std::string wrong = check_descriptors(point);
    if (!wrong.empty() && has_lost_init(point)) {
      ++counts_.died_later;
      return;
    }
    problems_ += wrong + run_checks(place_, scenario_.after_success);
  }

  void check_failure() {
    if (!wait_for_lock(place_.state() + "/" + kId)) problems_ += "its lock is not let go of; ";
    if (!scenario_.after_end.empty() && has_ended()) {
      ++counts_.ended;
      problems_ += run_checks(place_, scenario_.after_end);
      return;
    }
    problems_ += run_checks(place_, scenario_.after_failure);
  }

  bool has_ended() const {
    run_check(place_, {.command = {"state", kId}, .expected = "", .may_fail = true});
    const std::string said = read_file(place_.output());
    return said.find("\"stopped\"") != std::string::npos ||
           said.find("does not exist") != std::string::npos;
  }

  // An init that waits may come to grief after `create` has ended well, as it may when it is killed
  // then: the container has stopped, and says so.
  bool has_lost_init(const Point& point) {
    return scenario_.init_waits && point.kind == Kind::error && point.role == Role::child &&
           run_checks(place_, {{.command = {"state", kId}, .expected = "\"stopped\""}}).empty();
  }

  // A call that failed and did no harm must not have left a descriptor in the container either. It
  // may take init a moment to close what it had for `create`.
  std::string check_descriptors(const Point& point) {
    std::string found = descriptors_of_init(place_);
    if (point.kind == Kind::none) descriptors_ = found;
    // Without a container that goes on there is nothing to compare.
    if (descriptors_.empty()) return {};
    for (int attempt = 0; attempt < 100 && found != descriptors_; ++attempt) {
      ::usleep(10000);
      found = descriptors_of_init(place_);
    }
    if (found == descriptors_) return {};
    return "init has descriptors " + found + " and not " + descriptors_ + "; ";
  }

  void report(const Point& point, const Step& done) {
    ++counts_.failures;
    std::printf("FAILED %s, %s, call %u (%s), %s: status %d: %s\n", scenario_.name.c_str(),
                point.role == Role::runtime ? "runtime" : "child", point.index,
                syscall_name(done.syscall).c_str(),
                point.kind == Kind::kill ? "SIGKILL" : ::strerrorname_np(done.error), done.status,
                problems_.c_str());
  }

  Place place_;
  Scenario scenario_;
  unsigned stride_, offset_;
  unsigned number_ = 0;
  Census before_;
  Counts counts_;
  std::string problems_;
  std::string descriptors_;  // of init, without a fault
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 6) {
    std::fputs("usage: faults RUNTIME WORK COMMAND [STRIDE OFFSET]\n", stderr);
    return 2;
  }
  ::signal(SIGINT, [](int) { interrupted = 1; });
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const Place place{argv[1], argv[2]};
  const unsigned stride = argc == 6 ? static_cast<unsigned>(std::strtoul(argv[4], nullptr, 10)) : 1;
  const unsigned offset = argc == 6 ? static_cast<unsigned>(std::strtoul(argv[5], nullptr, 10)) : 0;
  for (const Scenario& scenario :
       scenarios({place.work + "/cases/long", place.work + "/cases/short",
                  place.work + "/cases/looped", place.work + "/files", place.images()})) {
    if (scenario.name == argv[3]) return Campaign(place, scenario, stride, offset % stride).run();
  }
  std::fprintf(stderr, "faults: no scenario `%s`\n", argv[3]);
  return 2;
}

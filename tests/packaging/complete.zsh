# complete.zsh FUNCTIONS LINE: what zsh offers for the end of the line, with the functions of that
# directory, one a line.
zmodload zsh/zpty
work=$(mktemp -d)
zpty shell zsh -f -i
send() { zpty -w shell "$1; print -r -- DO''NE"; zpty -r shell text '*DONE*'; }
send "fpath=(${(q)1} \$fpath); PATH=${(q)PATH}; autoload -Uz compinit; compinit -u -D"
send "compadd() { local -a found; builtin compadd -O found \"\$@\"; (( ! \$#found )) || print -rl -- \$found >>$work/matches; builtin compadd \"\$@\"; }"
send "bindkey '^I' complete-word; setopt no_beep; LISTMAX=10000"
# Not before the line editor reads: until then the terminal itself takes ^U, and the line with it.
send "PROMPT='REA''DY>'"
zpty -r shell text '*READY>*'
zpty -w -n shell "$2"$'\t'
zpty -w shell $'\x15'"print -r -- DO''NE" # after a line that is thrown away
zpty -r shell text '*DONE*'
[[ ! -e $work/matches ]] || sort -u $work/matches
rm -rf $work

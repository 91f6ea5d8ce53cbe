# Completion of dlb for bash: verbs and options are asked of the program itself, so
# that they are always those it has.

_dlb_verbs() {
	dlb help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p'
}

_dlb_inner_verbs() {
	dlb help "$1" 2>/dev/null | sed -n "s/^  $1 \([a-z]*\)  *[a-z].*/\1/p"
}

_dlb_options() {
	dlb help "$@" 2>/dev/null | sed -n '/^Options:/,/^Example:/p' |
		grep -oE -e '--[a-z][a-z-]*'
}

_dlb_names() {
	case $1 in
	send | verify | brief | backup) dlb people --json --wait 0 </dev/null 2>/dev/null ;;
	meet) dlb box list --json --wait 0 </dev/null 2>/dev/null ;;
	*) return ;;
	esac | grep -oE '"name":"[^"\\]*"' | cut -d'"' -f4
}

_dlb() {
	local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]:-} inner=${COMP_WORDS[2]:-}
	local words

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_dlb_verbs)" -- "$word")
		return
	fi
	case $verb in
	audit | backup | box | bulletin | node | roster)
		if [ "$COMP_CWORD" -eq 2 ]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_dlb_inner_verbs "$verb")" -- "$word")
			return
		fi
		words=$(_dlb_options "$verb" "$inner")
		;;
	help)
		words=$(_dlb_verbs)
		;;
	*)
		words=$(_dlb_options "$verb")
		;;
	esac
	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
	*)
		[ "$verb" = help ] || words=$(_dlb_names "$verb")
		mapfile -t COMPREPLY < <(
			compgen -W "$words" -- "$word"
			[ "$verb" = help ] || compgen -f -- "$word"
		)
		;;
	esac
}

complete -o filenames -F _dlb dlb

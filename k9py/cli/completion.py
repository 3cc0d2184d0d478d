"""Print the completion script of a shell; it asks k9py itself, which answers without any network."""

from __future__ import annotations

import argparse

EXAMPLES = """
source <(k9py completion bash)            # in ~/.bashrc
source <(k9py completion zsh)             # in ~/.zshrc, after compinit
k9py completion fish | source             # in ~/.config/fish/config.fish
"""

SHELLS = ("bash", "zsh", "fish")

FILES = ":files"
"""What ``k9py __complete`` answers where a file name belongs."""

_BASH = r"""
_k9py_complete() {
    local word="${COMP_WORDS[COMP_CWORD]}" line
    COMPREPLY=()
    # With = and : as word breaks, "--context=prod" comes as three words; k9py takes two.
    while IFS= read -r line; do
        if [[ "$line" == ":files" ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
            return
        fi
        COMPREPLY+=("${line%%$'\t'*}")
    done < <(k9py __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *[,/] ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _k9py_complete k9py
"""

_ZSH = r"""
#compdef k9py
_k9py() {
    local -a plain described
    local line
    while IFS= read -r line; do
        if [[ "$line" == ":files" ]]; then
            _files
            return
        fi
        plain+=("${line%%$'\t'*}")
        described+=("${line/$'\t'/  -- }")
    done < <(k9py __complete "${words[2,CURRENT]}" 2>/dev/null)
    compadd -l -d described -- "${plain[@]}"
}
compdef _k9py k9py
"""

_FISH = r"""
function __k9py_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (k9py __complete $words[2..] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c k9py -f -a '(__k9py_complete)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words of the verb."""
    parser.add_argument("shell", choices=SHELLS, metavar="bash|zsh|fish")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    print(_SCRIPTS[options.shell].lstrip(), end="")
    return 0

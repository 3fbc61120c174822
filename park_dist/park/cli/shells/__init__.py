"""Completion in shells: what may come next, the scripts for it, and what services are asked.

words       what each command takes, from its parser
bash, zsh,  the script of each shell: commands, options and choices stand in it, and for
fish        any other value it asks ``park completion --line LINE``
place       what is to be completed at the end of a line
candidates  the values that may stand there, from the configuration and from services
"""

# The rooms: a line is a folder with its rooms from the ground up, "." the folder itself; after the colon stand the folders
# that it may know. For includes.sh and circles.sh, which source it.
# shellcheck shell=bash disable=SC2034
table='
shared = base text words disk secrets options program net http json content readers wire filter store query upkeep stats signature providers redact syntax compare transcripts curl collections har formats frontend :
relay = net common bus opening names spool shares cluster trunk tunnels streams registry crossing links senders acme control commands . : shared
tui = clipboard graphics terminal keys documents bodies state views questions compare overview detail desk deeds inspector : shared
client = common reason watch proxy tunnel app selection options json print signing record transfer trigger replay stream delivery origin session inspect web_server web_views web mcp doctor listening commands . : shared tui
'

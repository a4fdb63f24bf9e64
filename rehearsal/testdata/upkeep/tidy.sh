# Old images of the app go that no container needs; all others stay.
# shellcheck shell=bash disable=SC2154 # lib.sh stands in front
old() {
    printf 'FROM postgres:16\nLABEL %s\nRUN ["true"]\n' "$2" | docker build --quiet --tag "$1" - >/dev/null 2>&1
}
old mine:unused service=running_calendar
old other:unused service=other
docker create --name stopped mine:unused >/dev/null
docker-tidy >/dev/null
docker image inspect mine:unused other:unused >/dev/null || wrong "a new one went"
# A month later. The clock is Docker's, which cannot be set here: the age is.
sed 's/until=720h/until=1s/' /usr/local/bin/docker-tidy >/root/docker-tidy-later
sleep 2
bash /root/docker-tidy-later >/dev/null
docker image inspect mine:unused >/dev/null || wrong "one went that a stopped container needs"
docker rm stopped >/dev/null
bash /root/docker-tidy-later >/dev/null
! docker image inspect mine:unused >/dev/null 2>&1 || wrong "the old one is still there"
docker image inspect other:unused postgres:16 >/dev/null || wrong "another's went"
docker rmi other:unused >/dev/null
[[ $(docker ps --quiet | wc -l) == 3 ]] || wrong "not all containers run"
echo PASSED

-- What the server of docker-compose.yml runs once, as its superuser, when its volume is made: the role that owns the
-- tables and migrates, and the role of the application, which owns nothing. Both as in portal/embedded/postgres.py.
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv password DATABASE_PASSWORD
CREATE ROLE portal_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE portal LOGIN PASSWORD :'password';
CREATE DATABASE portal OWNER portal_owner;

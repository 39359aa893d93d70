-- The roles in which requests are answered, each of which sees the rows that the policies of the database show it. None
-- logs in, and none is a superuser; the processes of the portal enter them. Both as in portal/embedded/postgres.py.
-- Run as superuser by the server of docker-compose.yml when its volume is made; by hand where a portal is older.
ALTER ROLE portal NOINHERIT;
CREATE ROLE portal_web;
CREATE ROLE portal_supplier IN ROLE portal_web;
CREATE ROLE portal_operator IN ROLE portal_web;
CREATE ROLE portal_csp IN ROLE portal_web;
CREATE ROLE portal_panel IN ROLE portal_web;
GRANT portal_web, portal_supplier, portal_operator, portal_csp, portal_panel TO portal;

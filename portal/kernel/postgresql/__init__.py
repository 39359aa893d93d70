"""Django's PostgreSQL engine, whose connections are used only while they take writes."""

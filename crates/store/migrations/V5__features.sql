-- What a job asks of a model beside plain text.
ALTER TABLE job ADD COLUMN needs {text};    -- names with a space between them, NULL where there are none
